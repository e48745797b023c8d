"""A dataset, its columns, and what reading it did."""

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field, field_validator

from analyzer.models.base import Frozen, Moment, Removal

ColumnType = Literal["text", "integer", "number", "boolean", "timestamp"]
DateFormat = Literal["ymd", "dmy", "mdy"]


class ColumnSchema(Frozen):
    """One column of a stored table."""

    name: str = Field(description="Unique within the table.")
    type: str = Field(description="The Arrow type, as Arrow writes it: int64, double, string, timestamp[us] …")


class ReadingOptions(Frozen):
    """What the person who uploads may decide instead of leaving it to detection. None: detect."""

    delimiter: str | None = Field(None, min_length=1, max_length=8, description="What separates two cells.")
    quote: str | None = Field(None, max_length=1, description="What cells are quoted with. Empty: nothing.")
    escape: str | None = Field(
        None, max_length=1, description="What stands before a quote inside a quoted cell, if not a quote."
    )
    encoding: str | None = Field(None, description="A text encoding that Python knows, such as cp1252.")
    header: bool | None = Field(None, description="Whether the first row holds the names of the columns.")
    skip_rows: int | None = Field(None, ge=0, le=100_000, description="Lines to leave out before the table begins.")
    null_tokens: tuple[str, ...] | None = Field(None, description="Cells that mean: missing. Empty cells always do.")
    decimal: Literal[".", ","] | None = Field(None, description="The decimal mark of numbers.")
    thousands: Literal[".", ",", " ", "'", ""] | None = Field(
        None, description="What groups the digits of numbers. Empty: nothing."
    )
    date_format: DateFormat | None = Field(None, description="The order of year, month and day.")
    types: Mapping[str, ColumnType] = Field(
        default_factory=dict,
        description="Column name to type, for those you know. Of Parquet and Arrow files, numbers and booleans can "
        "become text; no more.",
    )
    sheet: str | None = Field(None, description="The sheet of a workbook, by name.")
    member: str | None = Field(None, description="The file inside a zip archive, by name.")

    @field_validator("delimiter")
    @classmethod
    def _delimiter_is_within_a_line(cls, value: str | None) -> str | None:
        if value is not None and set(value) & set("\r\n\0"):
            raise ValueError("a delimiter has no line end and no NUL in it")
        return value

    @field_validator("quote")
    @classmethod
    def _quote_is_visible(cls, value: str | None) -> str | None:
        if value and not (value.isascii() and value.isprintable()):
            raise ValueError("a quote is one visible ASCII character")
        return value

    @field_validator("encoding")
    @classmethod
    def _encoding_is_of_text(cls, value: str | None) -> str | None:
        if value is None:
            return None
        try:
            # Some codecs are for bytes, some for domain names; a table's text reads like this or not at all.
            known = b"a".decode(value, "replace") == "a" or value.lower().replace("_", "-").startswith(
                ("utf-16", "utf-32")
            )
        except (LookupError, ValueError):
            known = False
        if not known or value.lower() in ("punycode", "idna"):
            raise ValueError(f"{value[:40]!r} is no text encoding that Python knows")
        return value

    @field_validator("types", "null_tokens", "sheet", "member")
    @classmethod
    def _text_can_be_encoded(cls, value: object) -> object:
        if any(0xD800 <= ord(character) <= 0xDFFF for character in str(value)):
            raise ValueError("half a surrogate pair is no character")
        return value


class ColumnReading(Frozen):
    """How one column was read."""

    name: str
    type: str
    reason: str = Field(description="Why the column got this type.")
    original_name: str | None = Field(None, description="The header as it stood in the file, where it was changed.")


class CellSample(Frozen):
    """One cell and where it stood."""

    line: int | None = Field(description="The line of the file, from 1. None: the format has no lines.")
    text: str = Field(description="As it stood in the file, at most 200 characters of it.")


class Coercion(Frozen):
    """Cells of one column that are stored as something other than what they literally say."""

    column: str
    change: str = Field(description="What was done, as a sentence.")
    count: int
    samples: tuple[CellSample, ...] = Field((), description="The first few of them.")


class BadRows(Frozen):
    """Rows that do not fit the table. They are not in it; they are kept beside it, as they stood."""

    count: int
    lines: tuple[int, ...] = Field(description="Where the first 1,000 of them begin, lines counted from 1.")
    reason: str


class ReadingReport(Frozen):
    """What reading a file decided, changed and lost."""

    format: str
    compression: str | None = None
    encoding: str | None = None
    replaced: int = Field(0, description="Bytes that were not valid in the encoding and were read as Windows-1252.")
    delimiter: str | None = None
    quote: str | None = None
    escape: str | None = Field(None, description="What stands before a quote inside a quoted cell, if not a quote.")
    confidence: float | None = Field(None, description="How sure encoding and dialect are, from 0 to 1.")
    header: bool | None = None
    header_reason: str | None = None
    table_line: int | None = Field(None, description="The line at which the table begins, from 1.")
    left_out: tuple[str, ...] = Field((), description="Lines around the table: titles, comments, footers.")
    null_tokens: tuple[str, ...] = Field((), description="What was read as missing, beside empty cells.")
    columns: tuple[ColumnReading, ...] = ()
    coercions: tuple[Coercion, ...] = ()
    bad_rows: BadRows | None = None
    warnings: tuple[str, ...] = ()


class TableSchema(Frozen):
    """The shape of a stored table: all that is needed to split work on it; where known, how it came about."""

    rows: int
    columns: tuple[ColumnSchema, ...]
    size_bytes: int | None = None  # of the file as it was uploaded
    reading: ReadingReport | None = None

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)

    def __reduce__(self) -> tuple[Any, ...]:
        # It goes to a worker with every merge: as thousands of small models that takes four times as long.
        return TableSchema.model_validate_json, (self.model_dump_json(),)


class DatasetSummary(Frozen):
    """What a list says of a dataset."""

    file_id: str
    filename: str = Field(description="For people to read; never a path.")
    rows: int
    columns: int
    size_bytes: int = Field(description="Of the file as it was uploaded.")
    sha256: str = Field(description="Of the file as it was uploaded.")
    created_at: Moment
    expires_at: Moment | None = Field(None, description="None: kept until it is deleted.")
    derived_from: str | None = Field(None, description="The dataset that was read again to make this one.")

    @property
    def id(self) -> str:
        return self.file_id


class Dataset(DatasetSummary):
    """One uploaded table. Immutable; owned by one principal."""

    table: tuple[ColumnSchema, ...] = Field(description="The columns, in order.")
    report: ReadingReport
    options: ReadingOptions = Field(ReadingOptions(), description="What was decided by whoever uploaded it.")

    @property
    def shape(self) -> TableSchema:
        return TableSchema(rows=self.rows, columns=self.table, size_bytes=self.size_bytes, reading=self.report)

    @property
    def summary(self) -> DatasetSummary:
        return DatasetSummary.model_validate(self.model_dump(include=set(DatasetSummary.model_fields)))


class DatasetChange(Frozen):
    """What may be changed of a dataset: how people are shown it."""

    filename: str = Field(min_length=1, description="The new name, of which directories and invisible characters go.")


class OwnedDataset(Frozen):
    """A dataset as the server remembers it: with its owner, and whether it is gone."""

    dataset: Dataset
    principal: str
    content: str = Field(description="Names the stored table: the same for the same bytes read in the same way.")
    removed: Removal | None = None
