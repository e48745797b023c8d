"""The figures of a decimal column: exact ones as decimal strings, the others from doubles."""

from decimal import Context, Decimal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from analyzer.analyses.figures import numeric
from analyzer.analyses.figures.categories import counted
from analyzer.analyses.figures.ordered import MAX_MODES
from analyzer.analyses.figures.wire import Figures

WIDEST = 76
"""Digits of Arrow's widest decimal: enough to add up nearly any column of a narrower one."""

EXACT = Context(prec=4 * WIDEST)
PLACELESS = ("std", "variance", "sem", "skewness", "kurtosis", "iqr", "mad")


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
    if len(values) > figures["distinct"] and column.type.precision < WIDEST:
        figures = _near(figures, present, low, len(values))
    return figures | {
        "min": _digits(low),
        "max": _digits(high),
        "range": _digits(EXACT.subtract(high, low)),
        "sum": _digits(_sum(exact, max(abs(low), abs(high)))),
        "distinct": len(values),
        "modes": [_digits(mode) for mode in sorted(modes)[:MAX_MODES]],
    }


def _digits(value: Decimal) -> str:
    return format(value, "f")


def _sum(exact: pa.ChunkedArray, largest: Decimal) -> Decimal:
    if EXACT.multiply(largest, len(exact)) < EXACT.scaleb(1, WIDEST - exact.type.scale):
        total: Decimal = pc.sum(exact).as_py()
        return total
    total = Decimal(0)
    for value in exact:  # Arrow's sum would have more digits than its type, and be a wrong one
        total = EXACT.add(total, value.as_py())
    return total


def _near(figures: Figures, present: pa.ChunkedArray, low: Decimal, distinct: int) -> Figures:
    """With those that have no place from the decimals less the least of them: as doubles, some of them are equal."""
    kind = pa.decimal256(present.type.precision, present.type.scale)
    wide = present.cast(kind)
    near = numeric.summary(pc.subtract(wide, pa.scalar(low, kind)).cast(pa.float64()).to_numpy(), 0, 1)
    found = figures | {name: near[name] for name in PLACELESS} | {"monotonicity": _direction(wide, distinct)}
    for name in PLACELESS:
        found["notes"].pop(name, None)
    found["notes"] |= {name: note for name, note in near["notes"].items() if name in PLACELESS}
    if near["ci95"] is not None:
        half = near["ci95"][1] - near["mean"]
        found |= {"ci95": [found["mean"] - half, found["mean"] + half]}
    if found["mean"] and near["std"] is not None:
        found["cv"] = near["std"] / found["mean"]
    return found


def _direction(given: pa.ChunkedArray, distinct: int) -> str:
    before, after = given[:-1], given[1:]
    strictly = "strictly " if distinct == len(given) else ""
    if pc.all(pc.greater_equal(after, before)).as_py():
        return f"{strictly}increasing"
    return f"{strictly}decreasing" if pc.all(pc.less_equal(after, before)).as_py() else "none"
