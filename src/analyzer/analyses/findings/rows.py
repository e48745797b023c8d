"""Rows that repeat, and columns that do."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from analyzer.analyses.figures import columns
from analyzer.analyses.findings.codes import MAX_ROWS, Issue, issue
from analyzer.analyses.findings.thresholds import Thresholds

Array = npt.NDArray[Any]

GOLDEN = np.uint64(0x9E3779B97F4A7C15)
MIX = np.uint64(0xBF58476D1CE4E5B9)
BLANKS = r"\s+"


def examine(table: pa.Table, limits: Thresholds) -> dict[str, Any]:
    """`{exact: {extra_copies, rows_in_groups, groups}, near: …, compared, issues}`.

    Missing values equal each other, and 0 equals -0. Columns of unsupported types are not compared.
    """
    names = [name for name in table.column_names if _comparable(table.column(name))]
    cells = [identities(columns.plain(table.column(name))) for name in names]
    exact, rows = repeated(cells, table.num_rows)
    found = list(_table_issues("duplicates", exact, exact["extra_copies"], rows, table.num_rows, limits))
    near = exact
    if any(_is_text(table.column(name)) for name in names):
        near, rows = repeated(
            [_loose(table.column(name), cell) for name, cell in zip(names, cells, strict=True)], table.num_rows
        )
        more = near["extra_copies"] - exact["extra_copies"]
        found += _table_issues("near_duplicates", near, more, rows, table.num_rows, limits)
    found += _same_columns(table, names, cells, limits)
    return {"exact": exact, "near": near, "compared": len(names), "issues": found}


def _table_issues(
    code: str, groups: dict[str, int], n: int, rows: Sequence[int], total: int, limits: Thresholds
) -> Iterator[Issue]:
    if n:
        message = (
            f"{groups['extra_copies']} extra copies; {groups['rows_in_groups']} rows in {groups['groups']} groups."
        )
        yield issue(code, None, limits, n=n, share=n / total, rows=rows, message=message)


def _comparable(column: pa.ChunkedArray) -> bool:
    return columns.kind_of(columns.plain(column).type) != "unsupported"


def _is_text(column: pa.ChunkedArray) -> bool:
    kind = columns.plain(column).type
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def identities(column: pa.ChunkedArray) -> Array:
    """One int64 for each row of a plain column: equal where the values are, and only there."""
    kind = column.type
    if pa.types.is_null(kind):
        return np.zeros(len(column), dtype=np.int64)
    if pa.types.is_floating(kind):
        values = column.cast(pa.float32()).cast(pa.float64()) if kind == pa.float16() else column.cast(pa.float64())
        doubles = values.to_numpy()
        return np.where(np.isnan(doubles), np.nan, doubles + 0.0).view(np.int64)
    if pa.types.is_signed_integer(kind) or pa.types.is_timestamp(kind):
        whole = _whole(column.cast(pa.int64()))
        if whole is not None:
            return whole
    encoded = column.dictionary_encode(null_encoding="encode")  # one dictionary for all chunks
    return np.concatenate([np.zeros(0, np.int64), *(chunk.indices.to_numpy() for chunk in encoded.chunks)])


def _whole(column: pa.ChunkedArray) -> Array | None:
    """The integers themselves, with one that does not occur in place of nulls; None where there is no such one."""
    if column.null_count:
        low, high = pc.min_max(column).as_py().values()
        absent = 0 if low is None else high + 1 if high < 2**63 - 1 else low - 1
        if absent < -(2**63):
            return None
        column = pc.fill_null(column, absent)
    values: Array = column.to_numpy()
    return values


def _loose(column: pa.ChunkedArray, cell: Array) -> Array:
    """The identities of text in lower case without surrounding or repeated blanks; others as they are."""
    if not _is_text(column):
        return cell
    folded = pc.utf8_trim_whitespace(pc.utf8_lower(columns.plain(column)))
    return identities(pc.replace_substring_regex(folded, BLANKS, " "))


def repeated(cells: Sequence[Array], rows: int) -> tuple[dict[str, int], list[int]]:
    """`{extra_copies, rows_in_groups, groups}` of equal rows, and the first rows that repeat an earlier one.

    Rows are told apart by a 64-bit hash first; only those whose hash repeats are compared cell by cell.
    """
    none = {"extra_copies": 0, "rows_in_groups": 0, "groups": 0}
    if not cells or not rows:
        return none, []
    key = np.zeros(rows, dtype=np.uint64)
    for cell in cells:
        key = (key ^ cell.view(np.uint64)) * GOLDEN
        key = (key ^ (key >> np.uint64(29))) * MIX
        key ^= key >> np.uint64(32)
    line = np.sort(key)
    again = line[1:][line[1:] == line[:-1]]
    if not again.size:
        return none, []
    suspects = np.flatnonzero(np.isin(key, again))
    group, count = _grouped([cell[suspects] for cell in cells])
    sizes = np.bincount(group, minlength=count)
    first = np.full(count, suspects.size)
    np.minimum.at(first, group, np.arange(suspects.size))
    copies = np.flatnonzero(first[group] != np.arange(suspects.size))[:MAX_ROWS]
    twice = sizes[sizes > 1]
    figures = {"extra_copies": int((twice - 1).sum()), "rows_in_groups": int(twice.sum()), "groups": int(twice.size)}
    return figures, suspects[copies].tolist()


def _grouped(cells: Sequence[Array]) -> tuple[Array, int]:
    """Numbers groups of equal rows from 0, exactly: column after column, without any hash."""
    group = np.zeros(cells[0].size, dtype=np.int64)
    count = 1
    for cell in cells:
        values, code = np.unique(cell, return_inverse=True)
        pairs, group = np.unique(group * values.size + code, return_inverse=True)
        count = pairs.size
    return group, count


def _same_columns(table: pa.Table, names: Sequence[str], cells: Sequence[Array], limits: Thresholds) -> Iterator[Issue]:
    """Columns of the same type that equal an earlier one."""
    seen: dict[tuple[str, bytes], list[str]] = {}
    for name, cell in zip(names, cells, strict=True):
        column = table.column(name)
        if not cell.size or column.null_count == cell.size:
            continue
        alike = seen.setdefault((str(column.type), cell[:64].tobytes()), [])
        for earlier in alike:
            if columns_equal(table.column(earlier), column):
                yield issue("duplicate_column", name, limits, other=earlier, n=cell.size, share=1.0)
                break
        else:
            alike.append(name)


def columns_equal(one: pa.ChunkedArray, two: pa.ChunkedArray) -> bool:
    """Whether two columns hold the same values in the same rows; missing ones equal each other."""
    if not pa.types.is_floating(one.type):
        return bool(one.equals(two))
    return bool(np.array_equal(one.to_numpy(), two.to_numpy(), equal_nan=True))
