"""JSON and JSON Lines: what in a document is a table, and its rows.

Tables are: a list of objects or of lists, one object or list per line, an object of equally long lists or of objects
with equal keys (columns), an object with `columns` and `data`, and an object in which one value is a list of objects.
Objects inside rows are taken apart one level deep; what is nested deeper stays JSON.
"""

import codecs
import json
from array import array
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain, islice
from pathlib import Path
from typing import Any

import pyarrow as pa

from analyzer.errors import MOST_SHOWN, EmptyDataset, NotATable, TooWide, shown
from analyzer.ingest.column_types import ColumnPlan, Hints, guess
from analyzer.ingest.delimited_opening import fixed_plans
from analyzer.ingest.findings import Findings
from analyzer.ingest.headers import unique_names
from analyzer.ingest.json_text import LINE_BREAK, JsonText, Number, as_text, elements
from analyzer.ingest.limits import Limits
from analyzer.ingest.reports import column_readings, warn_of_columns
from analyzer.ingest.source import Source
from analyzer.ingest.text_spill import CHUNK_ROWS, TextSpill, text_spill
from analyzer.ingest.typed_table import SpilledTable
from analyzer.models.datasets import ReadingOptions, ReadingReport, TableSchema

SHAPES = "a list of objects or of lists, an object of equally long lists, or one object or list per line"
LINE_HEAD_BYTES = 1024 * 1024
NOTHING = object()
Row = dict[str, Any]
Key = str | tuple[str, str]
"""What names a column: a key of the rows, or one and a key in the object there; `a.b` may be either, and both."""
FlatRow = Mapping[Any, Any]  # a Key each


@dataclass
class Columns:
    """The columns met so far: for each the kinds of values it holds."""

    limits: Limits
    kinds: dict[Key, set[str]] = field(default_factory=dict)
    replaced: int = 0
    _places: dict[Key, str] = field(default_factory=dict)

    def texts(self, rows: list[FlatRow]) -> dict[str, list[str | None]]:
        """The rows as columns of text, each under its place among all columns; their kinds are noted."""
        present = dict.fromkeys(key for row in rows for key in row)
        for key in present:
            if key not in self.kinds:
                self._meet(key)
        return {self._places[key]: self._texts(key, [row.get(key) for row in rows]) for key in present}

    def _meet(self, key: Key) -> None:
        self._places[key] = str(len(self.kinds))
        self.kinds[key] = set()
        name = _name(key)
        if len(self.kinds) > self.limits.max_columns:
            raise TooWide(
                f"The rows have more than {self.limits.max_columns:,} different keys; {shown(name)} is one too many.",
                where={"key": name[:MOST_SHOWN]},
                limit=self.limits.max_columns,
            )

    def _texts(self, key: Key, values: list[Any]) -> list[str | None]:
        """The values of one column as texts."""
        types = set(map(type, values)) - {type(None)}
        self.kinds[key].update(KINDS.get(type_, "nested") for type_ in types)
        texts = values if types <= {str, Number} else [None if value is None else _text(value) for value in values]
        if str in types or not types <= {Number, bool}:
            self.replaced += sum(1 for text in texts if text is not None and not text.isascii() and _is_broken(text))
            if self.replaced:
                return [None if text is None else text.encode("utf-8", "replace").decode() for text in texts]
        return texts


KINDS = {Number: "number", str: "text", bool: "boolean"}


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    return ("true" if value else "false") if isinstance(value, bool) else as_text(value)


def _is_broken(text: str) -> bool:
    """Whether the text holds half of a surrogate pair, which no encoding can write."""
    return any("\ud800" <= character <= "\udfff" for character in text)


def read_json(
    source: Source, target: Path, options: ReadingOptions, limits: Limits, *, named_lines: bool = False
) -> tuple[TableSchema, ReadingReport]:
    """Store the table in a JSON document; `named_lines`: by its name, every line of the file is a document.

    Raises InvalidJson, EmptyDataset, NotATable, TooWide.
    """
    by_line = _is_by_line(source, limits, named_lines)
    with source.open() as stream, text_spill() as spill:
        text = JsonText(stream, limits, limits.max_line_bytes)
        first = text.peek()
        if not first:
            raise EmptyDataset("The file is empty or has only white space.", where={"offset": text.offset()})
        if not by_line and first != "[":
            text.max_value_bytes = limits.max_document_bytes
        lines = array("q")
        rows = _line_rows(text, lines) if by_line else _array_rows(text) if first == "[" else _document_rows(text)
        columns = Columns(limits)
        while chunk := list(islice(rows, CHUNK_ROWS)):
            spill.add(columns.texts([_flat(row) for row in chunk]) or {"": [None] * len(chunk)})
        format_ = "JSON Lines" if by_line else "JSON"
        return _store(spill, columns, text, lines[-spill.rows :], source, target, options, format_)


def _is_by_line(source: Source, limits: Limits, named_lines: bool) -> bool:
    """Whether a second object or list begins on a new line after the first one.

    Or an object is the only one, in one line, and the name says so.
    """
    with source.open() as stream:
        text = JsonText(stream, limits, limits.max_document_bytes)
        if text.peek() != "{":
            return _is_list_per_line(source)
        text.value()
        if text.line_break_before and text.peek():
            return True
        size = 0 if text.peek() else text.offset()
    only = source.head(size).removeprefix(codecs.BOM_UTF8).strip()
    return named_lines and size > 0 and not any(mark in only for mark in (b"\n", b"\r"))


def _is_list_per_line(source: Source) -> bool:
    """Whether a second list begins on a new line after the first one."""
    head = source.head(LINE_HEAD_BYTES).decode("utf-8", "ignore").removeprefix("\ufeff").lstrip(" \t\r\n")
    try:
        _, end = json.JSONDecoder().raw_decode(head)
    except (ValueError, RecursionError):
        return False
    ending = LINE_BREAK.match(head, end)
    return head.startswith("[") and ending is not None and head.startswith("[", ending.end())


def _line_rows(text: JsonText, lines: "array[int]") -> Iterator[Row]:
    """The rows of JSON Lines: one object or list per line. In which, is noted; names of columns have a line too."""
    is_list = text.peek() == "["
    values = _line_values(text, lines)
    odd = yield from _lists(values) if is_list else _objects(values)
    if odd:
        what = "list" if is_list else "object"
        raise NotATable(f"Value {odd:,} of the file is no {what}, as those before it are.", where={"row": odd})


def _line_values(text: JsonText, lines: "array[int]") -> Iterator[Any]:
    while text.peek():
        for value in chain(text.run(LINE_BREAK), _last_of_run(text)):
            lines.append(text.value_line)
            yield value


def _last_of_run(text: JsonText) -> Iterator[Any]:
    """The value at which a run stopped. What follows must be on a line of its own."""
    if text.peek():
        yield text.value()
        if not text.line_break_before and text.peek():
            text.fail("the next value should begin on a line of its own")


def _array_rows(text: JsonText) -> Iterator[Row]:
    """The rows of a list of objects or of lists. The whole document is read before anything is said against it."""
    values = elements(text)
    first = next(values, NOTHING)
    if isinstance(first, dict):
        odd = yield from _objects(chain([first], values))
    elif isinstance(first, list):
        odd = yield from _lists(chain([first], values))
    else:
        odd = 0 if first is NOTHING else 1
        for _ in values:
            pass
    text.end()
    if odd:
        raise NotATable(f"Element {odd:,} of the list is no row; a table is {SHAPES}.", where={"row": odd})


def _objects(values: Iterable[Any]) -> Generator[Row, None, int]:
    """Rows out of objects; returns the number of the first element that is something else, 0 if there is none."""
    odd = 0
    for place, value in enumerate(values, 1):
        odd = odd or (0 if isinstance(value, dict) else place)
        if not odd:
            yield value
    return odd


def _lists(values: Iterator[Any], names: Sequence[str] = ()) -> Generator[Row, None, int]:
    """Rows out of lists of cells; unless there are `names`, a first list of different texts names the columns.

    Returns the number of the first element that is no list, 0 if there is none.
    """
    opening = list(islice(values, 2))
    first, names, before = opening[0] if opening else [], list(names), 1
    if not names and len(opening) == 2 and all(type(cell) is str for cell in first) and len(set(first)) == len(first):
        names, opening, before = list(first), opening[1:], 2
    odd = 0
    for place, row in enumerate(chain(opening, values), before):
        odd = odd or (0 if isinstance(row, list) else place)
        if not odd:
            names += [f"column_{place}" for place in range(len(names) + 1, len(row) + 1)]
            yield dict(zip(names, row, strict=False))
    return odd


def _document_rows(text: JsonText) -> Iterator[Row]:
    """The rows of a document that is a single value and no list."""
    start = {"offset": text.offset()}
    value = text.value()
    text.end()
    if not isinstance(value, dict):
        raise NotATable(f"The document is a single value; a table is {SHAPES}.", where=start)
    rows = _object_rows(value)
    if rows is None:
        raise NotATable(f"The document is an object without a table in it; a table is {SHAPES}.", where=start)
    return rows


def _object_rows(value: Row) -> Iterator[Row] | None:
    """The rows of an object: columns, or the one list of rows in it; None if it has neither."""
    if isinstance(value.get("columns"), list) and isinstance(value.get("data"), list):
        odd = next((place for place, row in enumerate(value["data"], 1) if not isinstance(row, list)), 0)
        if odd:
            raise NotATable(f"Element {odd:,} of `data` is no list.", where={"key": "data", "row": odd})
        return _lists(iter(value["data"]), [str(name) for name in value["columns"]])
    inner = list(value.values())
    if _are_columns(inner):
        return (dict(zip(value, row, strict=True)) for row in zip(*inner, strict=True))
    if inner and all(isinstance(column, dict) for column in inner) and len({tuple(column) for column in inner}) == 1:
        return ({name: column[key] for name, column in value.items()} for key in inner[0])
    tables = [rows for rows in inner if isinstance(rows, list) and rows and all(isinstance(row, dict) for row in rows)]
    if len(tables) == 1:
        return iter(tables[0])
    if not inner or all(isinstance(rows, list) and not rows for rows in inner):
        return iter(())
    return None


def _are_columns(lists: list[Any]) -> bool:
    """Whether these are equally long lists of cells, and not lists of rows."""
    if not lists or not all(isinstance(column, list) for column in lists) or len(set(map(len, lists))) != 1:
        return False
    return not lists[0] or not all(isinstance(cell, dict) for column in lists for cell in column)


def _flat(row: Row) -> FlatRow:
    """The row with the objects in it taken apart, one level deep."""
    if dict not in map(type, row.values()):
        return row
    flat: dict[Key, Any] = {}
    for key, value in row.items():
        if isinstance(value, dict) and value:
            flat |= {(key, inner): inside for inner, inside in value.items()}
        else:
            flat[key] = value
    return flat


def _name(key: Key) -> str:
    return key if isinstance(key, str) else ".".join(key)


def _store(
    spill: TextSpill,
    columns: Columns,
    text: JsonText,
    lines: Sequence[int],
    source: Source,
    target: Path,
    options: ReadingOptions,
    format_: str,
) -> tuple[TableSchema, ReadingReport]:
    """Give the columns types, and store them."""
    if not spill.rows or not columns.kinds:
        raise EmptyDataset("The document is valid and holds no rows.", where={"offset": text.offset()})
    header = unique_names([_name(key).encode("utf-8", "replace").decode() for key in columns.kinds])
    keys = [str(place) for place in range(len(columns.kinds))]
    hints = replace(Hints.of(options), null_tokens=options.null_tokens or ())
    sample = next(spill.chunks(keys))
    plans = [_plan(cells, kinds, hints) for kinds, cells in zip(columns.kinds.values(), sample, strict=True)]
    plans = fixed_plans(plans, header.names, options)
    findings = Findings()
    table = SpilledTable(spill, keys, header.names, plans, hints, lines.__getitem__ if lines else lambda _: None)
    shape = table.store(target, findings)
    for key, times in text.duplicates.items():
        findings.warn(f"The key {key!r} is repeated within objects, {times} times; the last value was kept.")
    if columns.replaced:
        findings.warn(f"{columns.replaced} texts hold halves of surrogate pairs, which were replaced.")
    warn_of_columns(findings, header, plans)
    return shape, ReadingReport(
        format=format_,
        compression=source.compression,
        encoding="utf-8",
        null_tokens=tuple(sorted(findings.null_tokens)),
        columns=column_readings(header, plans),
        coercions=findings.coercions,
        warnings=tuple(findings.warnings),
    )


def _plan(cells: pa.StringArray, kinds: set[str], hints: Hints) -> ColumnPlan:
    """The type of a column by the kinds of its values. Texts stay texts, but for moments, which JSON cannot write."""
    if kinds in ({"number"}, {"boolean"}) or not kinds:
        return guess(cells, hints)
    if kinds == {"text"}:
        plan = guess(cells, hints)
        if plan.type == "timestamp" and plan.date_style in ("iso", "zoned"):
            return plan
    if len(kinds) > 1:
        reason = f"values of several kinds: {', '.join(sorted(kinds))}"
        return ColumnPlan("text", reason, hints.null_tokens, warning=reason)
    return ColumnPlan(
        "text", "the values are text" if kinds == {"text"} else "the values are nested", hints.null_tokens
    )
