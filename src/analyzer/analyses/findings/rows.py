"""Rows that repeat, and columns that do."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from analyzer.analyses.figures import columns
from analyzer.analyses.figures.hashing import mix, repeated
from analyzer.analyses.findings.blanks import spaced
from analyzer.analyses.findings.codes import Issue, issue
from analyzer.analyses.findings.look import first_rows
from analyzer.analyses.findings.thresholds import Thresholds
from analyzer.picking import picked_of

Array = npt.NDArray[Any]

BLANKS = spaced(r"\s+")
BLOCK = 1 << 20
NULL = -0x5DEECE66D5DEECE6

Cells = Callable[[], Array]
"""One int64 for each row, made anew whenever it is asked for, so that those of many columns are never kept together."""


def examine(table: pa.Table, limits: Thresholds) -> dict[str, Any]:
    """`{exact: {extra_copies, rows_in_groups, groups}, near: …, compared, issues}`.

    Missing values equal each other, and 0 equals -0. Columns of unsupported types are not compared.
    """
    plain = {name: columns.plain(table.column(name)) for name in table.column_names}
    plain = {name: column for name, column in plain.items() if columns.kind_of(column.type) != "unsupported"}
    text = [column for column in plain.values() if _is_text(column)]
    others = [column for column in plain.values() if not _is_text(column)]
    # Text is the dearest to tell apart, so it is only asked where everything else is equal.
    suspects = repeated(row_hashes(others)) if others else np.arange(table.num_rows)
    same = [partial(identities_of, column, suspects) for column in others]
    exact, copies = _counted([*same, *(partial(identities_of, column, suspects) for column in text)], suspects.size)
    loose = [*same, *(partial(_loose, column, suspects) for column in text)]
    near, near_copies = _counted(loose, suspects.size) if text else (exact, copies)
    more = near["extra_copies"] - exact["extra_copies"]
    rows, near_rows = (suspects[first_rows(mask)].tolist() for mask in (copies, near_copies & ~copies))
    found = [
        *_table_issues("duplicates", exact, exact["extra_copies"], rows, table.num_rows, limits),
        *_table_issues("near_duplicates", near, more, near_rows, table.num_rows, limits),
        *_same_columns(plain, limits),
    ]
    return {"exact": exact, "near": near, "compared": len(plain), "issues": found}


def _table_issues(
    code: str, groups: dict[str, int], n: int, rows: Sequence[int], total: int, limits: Thresholds
) -> Iterator[Issue]:
    if n:
        message = (
            f"{groups['extra_copies']} extra copies; {groups['rows_in_groups']} rows in {groups['groups']} groups."
        )
        yield issue(code, None, limits, n=n, share=n / total, rows=rows, message=message)


def _is_text(column: pa.ChunkedArray) -> bool:
    return bool(pa.types.is_string(column.type) or pa.types.is_large_string(column.type))


def row_hashes(plain: Sequence[pa.ChunkedArray]) -> Array:
    """A hash of each row of at least one plain column, equal where the rows are; one column is looked at at a time."""
    key = np.zeros(len(plain[0]), dtype=np.uint64)
    for column in plain:
        if pa.types.is_floating(column.type) or pa.types.is_signed_integer(column.type) or _is_moment(column.type):
            for start in range(0, len(column), BLOCK):
                block = column.slice(start, BLOCK)
                mix(key[start : start + BLOCK], _cells(block))
        else:
            mix(key, identities(column))
    return key


def _cells(block: pa.ChunkedArray) -> Array:
    """An int64 for each cell, equal where the values are; nulls are what hardly any value is."""
    if pa.types.is_floating(block.type):
        return identities(block)
    whole: Array = pc.fill_null(block.cast(pa.int64()), NULL).to_numpy()
    return whole


def _is_moment(kind: pa.DataType) -> bool:
    return bool(pa.types.is_timestamp(kind))


def identities_of(column: pa.ChunkedArray, rows: Array) -> Array:
    """The `identities` in these rows, given in ascending order."""
    return identities(_taken(column, rows))


def _taken(column: pa.ChunkedArray, rows: Array) -> pa.ChunkedArray:
    return column if rows.size == len(column) else picked_of(column, rows)


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


def _loose(column: pa.ChunkedArray, rows: Array) -> Array:
    """The identities of text in these rows, in lower case without surrounding or repeated blanks."""
    encoded = _taken(column, rows).dictionary_encode()
    if not encoded.num_chunks:
        return np.zeros(0, np.int64)
    folded = pc.utf8_trim_whitespace(pc.utf8_lower(encoded.chunk(0).dictionary))
    group = identities(pa.chunked_array([pc.replace_substring_regex(folded, BLANKS, " ")]))
    codes = np.concatenate([chunk.indices.fill_null(-1).to_numpy() for chunk in encoded.chunks])
    loose: Array = np.append(group, -1)[codes]  # the last one stands for missing, code -1
    return loose


def _counted(cells: Sequence[Cells], rows: int) -> tuple[dict[str, int], Array]:
    """`{extra_copies, rows_in_groups, groups}` of equal rows, and which of them repeat an earlier one."""
    copies = np.zeros(rows, dtype=bool)
    if not cells or not rows:
        return {"extra_copies": 0, "rows_in_groups": 0, "groups": 0}, copies
    order, same = groups_of(cells, rows)
    extra = int(np.count_nonzero(same))
    groups = int(np.count_nonzero(same[:1])) + int(np.count_nonzero(same[1:] & ~same[:-1]))
    copies[order[1:][same]] = True
    return {"extra_copies": extra, "rows_in_groups": extra + groups, "groups": groups}, copies


def groups_of(cells: Sequence[Cells], rows: int) -> tuple[Array, Array]:
    """The rows in an order that brings equal ones together, and where one equals the one before."""
    key = np.zeros(rows, dtype=np.uint64)
    for cell in cells:
        mix(key, cell())
    order, same = neighbours(key)
    if all(_are_equal(cell(), order, same) for cell in cells):
        return order, same
    return neighbours(exact_groups(cells))  # different rows share a hash


def _are_equal(cell: Array, order: Array, same: Array) -> bool:
    """Whether each row that has the hash of the one before has its value too."""
    line = cell[order]
    return not (line[1:] != line[:-1])[same].any()


def neighbours(label: Array) -> tuple[Array, Array]:
    """The rows in an order that brings equal labels together, and where one has the label of the one before."""
    order = np.argsort(label, kind="stable")
    line = label[order]
    return order, line[1:] == line[:-1]


def exact_groups(cells: Sequence[Cells]) -> Array:
    """A number for each row, the same for equal rows and only for those: column after column, without any hash."""
    group: Array = np.zeros(1, dtype=np.int64)
    for cell in cells:
        values, code = np.unique(cell(), return_inverse=True)
        group = np.unique(group * values.size + code, return_inverse=True)[1]
    return group


def _same_columns(plain: Mapping[str, pa.ChunkedArray], limits: Thresholds) -> Iterator[Issue]:
    """Columns that equal an earlier one of the same type; those without any value do not count."""
    seen: dict[tuple[str, bytes], list[str]] = {}
    for name, column in plain.items():
        if column.null_count == len(column):
            continue
        alike = seen.setdefault((str(column.type), identities(column.slice(0, 64)).tobytes()), [])
        for earlier in alike:
            if columns_equal(plain[earlier], column):
                yield issue("duplicate_column", name, limits, other=earlier, n=len(column), share=1.0)
                break
        else:
            alike.append(name)


def columns_equal(one: pa.ChunkedArray, two: pa.ChunkedArray) -> bool:
    """Whether two columns hold the same values in the same rows; missing ones equal each other."""
    if not pa.types.is_floating(one.type):
        return bool(one.equals(two))
    return bool(np.array_equal(one.to_numpy(), two.to_numpy(), equal_nan=True))
