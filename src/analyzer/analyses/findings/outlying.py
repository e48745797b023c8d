"""Values, and rows, that lie apart from the others."""

import math
import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from analyzer.analyses.figures import columns
from analyzer.analyses.findings.look import first_rows
from analyzer.analyses.findings.numbers import doubles
from analyzer.analyses.notes import undefined
from analyzer.picking import picked_of

Array = npt.NDArray[Any]

NORMAL_MAD = 0.6745
"""MAD / σ of a normal distribution, as Iglewicz and Hoaglin 1993 give it."""

SPREADS = {"iqr": "iqr", "z": "std", "modified_z": "mad"}
"""By method the figure that says how far is far."""

SINGLE = (1e-30, 1e30)
"""Between these, and a good way beyond, single precision tells numbers apart."""

MAX_FOREST_COLUMNS = 50
MAX_FOREST_ROWS = 20_000
TREES = 100
MAX_ROWS = 10


def of_column(column: pa.ChunkedArray, figures: Mapping[str, Any], limits: Mapping[str, float]) -> dict[str, Any]:
    """`{iqr, z, modified_z, notes}`: for each method its fences, how many values lie beyond, and the first rows."""
    found: dict[str, Any] = {"notes": {}}
    column = columns.plain(column)
    column = column.cast(pa.int64()) if pa.types.is_duration(column.type) else column
    values = column.cast(pa.float64(), safe=False).to_numpy()
    for method, (centre, reach) in _fences(figures, limits).items():
        if centre is None or reach is None:
            found[method] = None
            found["notes"][method] = figures["notes"][SPREADS[method]]
        elif not reach:
            found[method] = None
            found["notes"][method] = undefined("constant")
        else:
            found[method] = _beyond(values, centre[0] - reach, centre[1] + reach, figures["count"])
    return found


def _fences(figures: Mapping[str, Any], limits: Mapping[str, float]) -> dict[str, tuple[Any, float | None]]:
    """For each method from where and how far a value may be away; None where the figures it needs are."""
    q25, q75, iqr = figures["q25"], figures["q75"], figures["iqr"]
    mean, std, median, mad = figures["mean"], figures["std"], figures["q50"], figures["mad"]
    return {
        "iqr": ((q25, q75) if iqr is not None else None, None if iqr is None else limits["iqr"] * iqr),
        "z": ((mean, mean) if std is not None else None, None if std is None else limits["z"] * std),
        "modified_z": (
            (median, median) if mad is not None else None,
            None if mad is None else limits["modified_z"] * mad / NORMAL_MAD,
        ),
    }


def _beyond(values: Array, lower: float, upper: float, count: int) -> dict[str, Any] | None:
    if not (np.isfinite(lower) and np.isfinite(upper)):
        lower, upper = float(np.nan_to_num(lower)), float(np.nan_to_num(upper))
    with np.errstate(invalid="ignore"):
        below, above = values < lower, values > upper
    n = int(below.sum()) + int(above.sum())
    return {
        "lower": lower,
        "upper": upper,
        "below": int(below.sum()),
        "above": int(above.sum()),
        "n": n,
        "share": n / count,
        "rows": first_rows(below | above),
    }


def forest(table: pa.Table, seed: int) -> dict[str, Any]:
    """`{columns, rows, n, threshold, strangest, notes}` of an isolation forest over the numeric columns.

    Isolation forests (Liu, Ting and Zhou 2008) with 100 trees of 256 rows; missing values become the median.
    """
    plain = {name: columns.plain(table.column(name)) for name in table.column_names}
    names = [name for name, column in plain.items() if columns.kind_of(column.type) in ("numeric", "decimal")]
    found: dict[str, Any] = {"columns": [], "rows": 0, "n": None, "threshold": 0.5, "strangest": [], "notes": {}}
    chosen = np.arange(table.num_rows)
    if table.num_rows > MAX_FOREST_ROWS:
        chosen = np.sort(np.random.default_rng(seed).choice(table.num_rows, MAX_FOREST_ROWS, replace=False))
        found["notes"]["n"] = {"kind": "sample", "n": MAX_FOREST_ROWS, "seed": seed}
    filled = {name: _filled(picked_of(plain[name], chosen)) for name in names}
    usable = {name: values for name, values in filled.items() if values is not None}
    found["columns"], found["rows"] = list(usable)[:MAX_FOREST_COLUMNS], int(chosen.size)
    if not usable or chosen.size < 2:
        return found | {"notes": {"n": undefined("too-few-values")}}
    scores = _scores(np.column_stack([usable[name] for name in found["columns"]]), seed)
    if scores is None:
        return found | {"notes": {"n": undefined("not-installed")}}
    order = np.lexsort((chosen, -scores))[:MAX_ROWS]
    strangest = [{"row": int(chosen[place]), "score": float(scores[place])} for place in order.tolist()]
    return found | {"n": int((scores > 0.5).sum()), "strangest": strangest}


def _filled(column: pa.ChunkedArray) -> Array | None:
    """Doubles, with the median for missing and infinite ones, that single precision can hold; None if all are equal."""
    values = doubles(column)
    there = ~np.isnan(values)
    present = values[there]
    if not present.size or present.min() == present.max():
        return None
    largest = float(np.abs(present).max())
    if not SINGLE[0] < largest < SINGLE[1]:  # a power of two, which changes neither the values nor how they are cut
        values = np.ldexp(values, -math.frexp(largest)[1])
    return np.where(there, values, np.median(values[there]))


def _scores(matrix: Array, seed: int) -> Array | None:
    """From 0 to 1, the higher the stranger; None where scikit-learn is not installed."""
    try:
        from sklearn.ensemble import IsolationForest
    except ImportError:
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = IsolationForest(n_estimators=TREES, random_state=seed % 2**32, n_jobs=1).fit(matrix)
        scores: Array = -model.score_samples(matrix)
    return scores
