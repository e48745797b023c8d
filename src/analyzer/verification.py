"""A result beside what other libraries say of the same tables. Runs in workers: it imports pandas."""

import importlib
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import types

from analyzer.comparison import Comparison, compare
from analyzer.registry import Params

ROOM = "analyzer.references"

NULLABLE: Mapping[pa.DataType, Any] = {
    pa.bool_(): pd.BooleanDtype(),
    pa.int8(): pd.Int8Dtype(),
    pa.int16(): pd.Int16Dtype(),
    pa.int32(): pd.Int32Dtype(),
    pa.int64(): pd.Int64Dtype(),
    pa.uint8(): pd.UInt8Dtype(),
    pa.uint16(): pd.UInt16Dtype(),
    pa.uint32(): pd.UInt32Dtype(),
    pa.uint64(): pd.UInt64Dtype(),
}
"""What columns with missing cells become where pandas would otherwise round them or make objects of them."""


def verify(task_id: str, tables: Mapping[str, pa.Table], params: Params, result: Mapping[str, Any]) -> Comparison:
    """Compare a result, as it goes over the wire, with what the analysis's reference computes."""
    room = importlib.import_module(f"{ROOM}.{task_id}")
    expected = room.reference({name: frame(table) for name, table in tables.items()}, params)
    ours = room.view(result) if hasattr(room, "view") else result
    return compare(ours, expected, getattr(room, "TOLERANCES", {}), _scales(tables))


def frame(table: pa.Table) -> pd.DataFrame:
    """The table in pandas, nothing rounded."""
    columns = {
        name: column.to_pandas(types_mapper=NULLABLE.get if column.null_count else None)
        for name, column in zip(table.column_names, map(_written_out, table.columns), strict=True)
    }
    return pd.DataFrame(columns, index=range(table.num_rows))


def _written_out(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """The values in place of codes for them, which pandas would not compare; decimals of which none is, as doubles."""
    if types.is_dictionary(column.type):
        return column.cast(column.type.value_type)
    return column.cast(pa.float64()) if _holds_no_decimal(column) else column


def _holds_no_decimal(column: pa.ChunkedArray) -> bool:
    return bool(types.is_decimal(column.type)) and column.null_count == len(column)


def _scales(tables: Mapping[str, pa.Table]) -> dict[str, float]:
    """The largest absolute value of each column of numbers, ±∞ aside, in whichever of the tables."""
    scales: dict[str, float] = {}
    named = [(name, table.column(name)) for table in tables.values() for name in table.column_names]
    for name, column in named:
        kind = column.type
        if types.is_integer(kind) or types.is_floating(kind) or types.is_decimal(kind):
            values = np.abs(pc.drop_null(column).cast(pa.float64(), safe=False).to_numpy())
            scales[name] = float(values[np.isfinite(values)].max(initial=scales.get(name, 0.0)))
    return scales
