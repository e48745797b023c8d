"""The figures of a decimal column: exact ones as decimal strings, the others from doubles."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from analyzer.analyses.figures import numeric
from analyzer.analyses.figures.categories import counted
from analyzer.analyses.figures.ordered import MAX_MODES
from analyzer.analyses.figures.wire import Figures

WIDEST = 76
"""Digits of Arrow's widest decimal: enough to add up any column of a narrower one."""


def summary(column: pa.ChunkedArray, bins: int) -> Figures:
    """The figures of `numeric.summary`, with min, max, range, sum, distinct and modes from the decimals themselves."""
    present = column.drop_null()
    figures = numeric.summary(present.cast(pa.float64()).to_numpy(), column.null_count, bins)
    if not figures["count"]:
        return figures
    exact = present.cast(pa.decimal256(WIDEST, column.type.scale))
    low, high = pc.min_max(exact).as_py().values()
    values, counts = counted(present)
    modes = values.filter(pa.array(counts == np.max(counts))).to_pylist()
    return figures | {
        "min": str(low),
        "max": str(high),
        "range": str(high - low),
        "sum": str(pc.sum(exact).as_py()),
        "distinct": len(values),
        "modes": [str(mode) for mode in sorted(modes)[:MAX_MODES]],
    }
