"""One column that two tables have, compared."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from analyzer.analyses.apart import deltas
from analyzer.analyses.apart.alerts import CODES, MAX_ROWS
from analyzer.analyses.apart.methods import outcome
from analyzer.analyses.apart.samples import Levels, Numbers, lengths, levels, numbers
from analyzer.analyses.figures import columns
from analyzer.analyses.figures.categories import is_binary
from analyzer.analyses.figures.ordered import bin_counts, bin_edges
from analyzer.analyses.figures.wire import Figures, shortened
from analyzer.analyses.notes import Reason, undefined
from analyzer.analyses.relations.table import doubles, less, origin

Array = npt.NDArray[Any]
Found = dict[str, Any]

TESTS = ("ks", "chi2", "z")
MAX_BINS = 30
MAX_VALUES = 10
CATEGORICAL = ("categorical", "text", "boolean")


class Limits(NamedTuple):
    """How to test, and from where on it is drift, or worth an issue."""

    numeric_test: str
    categorical_test: str
    p: float
    distance: float
    missing: float


def compare(
    name: str, reference: pa.ChunkedArray, current: pa.ChunkedArray, known: Figures, limits: Limits
) -> tuple[Found, list[Found]]:
    """The column as it goes into the result, and its issues. `known` are the figures of the current side."""
    reference = columns.plain(reference)
    current = columns.plain(current)
    kind, figures = columns.summary(reference, top=1, bins=1)
    after = {key: value for key, value in known.items() if key not in ("name", "kind", "type")}
    before_side, after_side, delta, notes = deltas.sides(
        (kind, figures), (known["kind"], after), (len(reference), len(current))
    )
    by = origin(reference, current)
    reference, current = less(reference, by), less(current, by)
    sample = _sample((kind, reference), (known["kind"], current))
    found: Found = {"name": name, "kind": known["kind"], "reference_kind": kind}
    found |= _tested(sample, limits, notes) | _pictured(sample, by)
    found |= {"reference": before_side, "current": after_side, "delta": delta, "notes": notes}
    return found, [*_issues(found, limits), *_strangers(name, sample, reference, current)]


def _sample(reference: tuple[str, pa.ChunkedArray], current: tuple[str, pa.ChunkedArray]) -> Numbers | Levels | Reason:
    """What can be compared of two columns with their kinds, or why nothing can."""
    (kind, before), (other, after) = reference, current
    if "empty" in (kind, other):
        return "no-values"
    found: Numbers | Levels
    if kind == other == "numeric":
        found = numbers(before, after)
    elif kind in CATEGORICAL and _is_like(before.type, after.type):
        found = (lengths if kind == "text" else levels)(before, after)
    else:
        return "different-kinds" if kind != other or kind in CATEGORICAL else "not-tested"
    return found if found.reference.size and found.current.size else "no-values"


def _is_like(one: pa.DataType, other: pa.DataType) -> bool:
    return columns.kind_of(one) == columns.kind_of(other) and is_binary(one) == is_binary(other)


def _tested(sample: Numbers | Levels | Reason, limits: Limits, notes: dict[str, Any]) -> Found:
    """`{method, statistic, p, threshold, drifted}`."""
    if isinstance(sample, str):
        notes["drifted"] = undefined(sample)
        return dict.fromkeys(("method", "statistic", "p", "threshold", "drifted"))
    made = outcome(sample, limits.numeric_test if isinstance(sample, Numbers) else limits.categorical_test)
    if made.reason:
        notes["statistic"] = undefined(made.reason)
    by_p = made.method in TESTS
    decides, threshold = (made.p, limits.p) if by_p else (made.statistic, limits.distance)
    drifted = None if decides is None else decides < threshold if by_p else decides >= threshold
    if drifted is None and made.reason:
        notes["drifted"] = undefined(made.reason)
    return {
        "method": made.method,
        "statistic": made.statistic,
        "p": made.p,
        "threshold": threshold,
        "drifted": drifted,
    }


def _pictured(sample: Numbers | Levels | Reason, by: int) -> Found:
    """`{histogram, values}`: shares of both sides in common bins, or by value; numbers are less `by`."""
    found: Found = {"histogram": None, "values": None}
    if isinstance(sample, Numbers):
        sides = [line + by for line in sample] if by else sample
        edges = bin_edges(np.sort(np.concatenate(sides)), MAX_BINS)
        shares = [(np.array(bin_counts(line, edges)) / line.size).tolist() for line in sides]
        found["histogram"] = {"edges": edges.tolist(), "reference": shares[0], "current": shares[1]}
    elif not isinstance(sample, str):
        found["values"] = _values(sample)
    return found


def _values(sample: Levels) -> Found:
    before, after = sample.reference / sample.reference.sum(), sample.current / sample.current.sum()
    largest = np.argsort(-np.maximum(before, after), kind="stable")[:MAX_VALUES]
    return {
        "new": int(np.count_nonzero(sample.reference == 0)),
        "lost": int(np.count_nonzero(sample.current == 0)),
        "top": [
            {
                "value": _shown(sample.values[place].as_py()),
                "reference": float(before[place]),
                "current": float(after[place]),
            }
            for place in largest.tolist()
        ],
    }


def _shown(value: Any) -> str:
    return shortened("0x" + value[:256].hex() if isinstance(value, bytes) else str(value))


def _issues(found: Found, limits: Limits) -> Iterator[Found]:
    name = found["name"]
    if found["drifted"]:
        value = found["p"] if found["method"] in TESTS else found["statistic"]
        yield CODES.issue("column_drift", name, n=found["current"]["count"], value=value, threshold=found["threshold"])
    more = found["delta"]["missing_share"]
    if more is not None and more > limits.missing:
        n, share = found["current"]["missing"], found["current"]["missing_share"]
        yield CODES.issue("missing_more", name, n=n, share=share, value=more, threshold=limits.missing)
    if found["values"] and found["values"]["lost"]:
        yield CODES.issue("lost_values", name, n=found["values"]["lost"])


def _strangers(
    name: str, sample: Numbers | Levels | Reason, reference: pa.ChunkedArray, current: pa.ChunkedArray
) -> Iterator[Found]:
    """Cells such as the reference does not have."""
    if isinstance(sample, str):
        return
    if isinstance(sample, Levels):
        strange = sample.values.filter(pa.array(sample.reference == 0))
        code, outside = "new_values", pc.is_in(_as(current, strange.type), value_set=strange)
        rows = np.flatnonzero(outside.to_numpy()) if len(strange) else np.zeros(0, dtype=np.int64)
        present = len(current) - current.null_count
    elif columns.kind_of(current.type) in ("numeric", "decimal"):
        values, known = doubles(current), doubles(reference)
        known = known[~np.isnan(known)]
        code, rows = "out_of_range", np.flatnonzero((values < known.min()) | (values > known.max()))
        present = int(np.count_nonzero(~np.isnan(values)))
    else:
        return  # lengths of texts have no range to speak of
    if rows.size:
        yield CODES.issue(code, name, n=rows.size, share=rows.size / present, rows=rows[:MAX_ROWS].tolist())


def _as(column: pa.ChunkedArray, kind: pa.DataType) -> pa.ChunkedArray:
    return column if column.type == kind else column.cast(kind)
