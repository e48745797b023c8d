"""A dataset, its columns, and what reading it did."""

from pydantic import Field

from analyzer.models.base import Frozen, Moment, Removal


class ColumnSchema(Frozen):
    """One column of a stored table."""

    name: str = Field(description="Unique within the table.")
    type: str = Field(description="The Arrow type, as Arrow writes it: int64, double, string, timestamp[us] …")


class TableSchema(Frozen):
    """The shape of a stored table: all that is needed to split work on it."""

    rows: int
    columns: tuple[ColumnSchema, ...]

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)


class ReadingOptions(Frozen):
    """What the person who uploads may decide instead of leaving it to detection. None: detect."""

    delimiter: str | None = Field(None, min_length=1, max_length=8, description="What separates two cells.")
    encoding: str | None = Field(None, description="A text encoding that Python knows, such as cp1252.")
    header: bool | None = Field(None, description="Whether the first row holds the names of the columns.")


class ColumnReading(Frozen):
    """How one column was read."""

    name: str
    type: str
    reason: str = Field(description="Why the column got this type.")
    original_name: str | None = Field(None, description="The header as it stood in the file, where it was changed.")


class ReadingReport(Frozen):
    """What reading a file decided, changed and lost."""

    format: str
    encoding: str | None = None
    delimiter: str | None = None
    header: bool | None = None
    columns: tuple[ColumnReading, ...] = ()
    warnings: tuple[str, ...] = ()


class Dataset(Frozen):
    """One uploaded table. Immutable; owned by one principal."""

    file_id: str
    filename: str = Field(description="For people to read; never a path.")
    rows: int
    columns: int
    size_bytes: int = Field(description="Of the file as it was uploaded.")
    sha256: str = Field(description="Of the file as it was uploaded.")
    created_at: Moment
    expires_at: Moment | None = Field(None, description="None: kept until it is deleted.")
    table: tuple[ColumnSchema, ...] = Field(description="The columns, in order.")
    report: ReadingReport

    @property
    def id(self) -> str:
        return self.file_id

    @property
    def shape(self) -> TableSchema:
        return TableSchema(rows=self.rows, columns=self.table)


class OwnedDataset(Frozen):
    """A dataset as the server remembers it: with its owner, and whether it is gone."""

    dataset: Dataset
    principal: str
    removed: Removal | None = None
