"""A column of any Arrow type to its kind and figures."""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import types

from analyzer.analyses.figures import categories, dates, decimals, numeric
from analyzer.analyses.figures.wire import Figures

Array = npt.NDArray[Any]


def summary(column: pa.ChunkedArray, top: int, bins: int) -> tuple[str, Figures]:
    """The kind of a column and every figure that this kind has. Never raises for a type: there is `unsupported`."""
    column = plain(column)
    kind = kind_of(column.type)
    if kind == "categorical":
        return level_summary(categories.counted(column), column.null_count, top)
    figures = _FIGURES[kind](column, bins)
    if not figures["count"]:
        return "empty", figures
    return "numeric" if kind == "decimal" else kind, figures


def level_summary(levels: categories.Counted, missing: int, top: int) -> tuple[str, Figures]:
    """The same for a text or binary column whose values are already counted."""
    figures = categories.summary(levels, missing, top)
    return categories.kind_of(figures["distinct"], figures["count"]) if figures["count"] else "empty", figures


def plain(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """The same values without a wrapping that says only how they are stored: dictionaries, runs, views, extensions.

    Lists and their like of which none is there are nulls: what they would hold is not to be told.
    """
    kind = column.type
    if isinstance(kind, pa.BaseExtensionType):
        return plain(pa.chunked_array([chunk.storage for chunk in column.chunks], type=kind.storage_type))
    if types.is_dictionary(kind):
        return plain(column.cast(kind.value_type))
    if types.is_run_end_encoded(kind):
        return plain(pc.run_end_decode(column))
    if types.is_string_view(kind):
        return column.cast(pa.large_string())
    if types.is_binary_view(kind):
        return column.cast(pa.large_binary())
    if column.null_count == len(column) and kind_of(kind) == "unsupported":
        return pa.chunked_array([pa.nulls(len(column))])
    return column


def kind_of(kind: pa.DataType) -> str:
    """The kind of a plain Arrow type, as far as the type alone decides it."""
    for name, holds in _KINDS:
        if holds(kind):
            return name
    return "unsupported"


def numbers(column: pa.ChunkedArray) -> Array:
    """The values of a plain integer, floating or duration column as int64, uint64 or float64.

    Where integers are missing they are left out; a missing double is NaN, which takes half as long.
    """
    if column.null_count and not types.is_floating(column.type):
        column = column.drop_null()
    if types.is_duration(column.type):
        column = column.cast(pa.int64())
    values: Array = column.chunk(0).to_numpy(zero_copy_only=False) if column.num_chunks == 1 else column.to_numpy()
    if values.dtype.str in ("<i8", "<u8", "<f8"):
        return values
    return values.astype(np.float64 if values.dtype.kind == "f" else np.int64)


def _is_number(kind: pa.DataType) -> bool:
    return bool(types.is_integer(kind) or types.is_floating(kind) or types.is_duration(kind))


def _is_moment(kind: pa.DataType) -> bool:
    return bool(types.is_date(kind) or types.is_timestamp(kind) or types.is_time(kind))


def _is_text(kind: pa.DataType) -> bool:
    return types.is_string(kind) or types.is_large_string(kind) or categories.is_binary(kind)


_KINDS: tuple[tuple[str, Callable[[pa.DataType], bool]], ...] = (
    ("numeric", _is_number),
    ("categorical", _is_text),
    ("boolean", types.is_boolean),
    ("datetime", _is_moment),
    ("decimal", types.is_decimal),
    ("empty", types.is_null),
)

_FIGURES: dict[str, Callable[[pa.ChunkedArray, int], Figures]] = {
    "numeric": lambda column, bins: numeric.summary(values := numbers(column), len(column) - values.size, bins),
    "boolean": lambda column, _: categories.boolean_summary(column),
    "datetime": dates.summary,
    "decimal": decimals.summary,
    "empty": lambda column, _: {"count": 0, "missing": len(column), "notes": {}},
    "unsupported": lambda column, _: {
        "count": len(column) - column.null_count,
        "missing": column.null_count,
        "notes": {},
    },
}
