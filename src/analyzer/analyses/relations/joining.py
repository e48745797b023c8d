"""The coefficients of all parts together: p, intervals and adjusted p, the strongest pairs, matrices."""

from collections.abc import Callable, Mapping, Sequence
from itertools import combinations
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from analyzer.analyses.notes import undefined
from analyzer.analyses.relations import significance
from analyzer.analyses.relations.coefficients import numbers

Doubles = npt.NDArray[np.float64]
Couple = tuple[int, int]

SAME_STRENGTH = 9
"""So many decimals decide which pair is stronger; what differs less is the work of rounding."""

PERFECT = 1 - 1e-14
"""What is so near to 1 is 1: rounding has no say in whether p is 0."""

INTERVALS: Mapping[str, Callable[[Doubles, Doubles], Doubles]] = {
    "pearson": significance.pearson_interval,
    "spearman": significance.spearman_interval,
    "kendall": significance.kendall_interval,
}


class Known(NamedTuple):
    """What is known of a pair by one method: how many rows it is of, and the coefficient if it is defined."""

    n: int
    coefficient: dict[str, Any] | None


class Joined:
    """The pairs of columns, by their places, of each method.

    `sections` are what `coefficients` made: first that of Pearson, if there is one, then those by rank, in order.
    """

    def __init__(self, sections: Sequence[Mapping[str, Any]], names: Sequence[str], methods: Sequence[str]) -> None:
        self._names, self._methods = names, methods
        self.notes: dict[str, Any] = {}
        self.tested: dict[str, int] = dict.fromkeys(methods, 0)
        self.found: dict[str, dict[Couple, Known]] = {method: {} for method in methods}
        self.corner: list[list[float | None]] | None = None
        """Pearson's r of the first columns with each other, where not all pairs are listed."""
        by_rank = [data for data in sections if "pearson" not in data]
        for data in sections:
            if "pearson" in data:
                couples = data["pairs"] if "pairs" in data else combinations(range(len(data["columns"])), 2)
                self._add("pearson", list(map(tuple, couples)), data, data["n"])
                if "tested" in data:
                    self.tested["pearson"], self.corner = data["tested"], data["corner"]
        for method in ("spearman", "kendall"):
            self._add_ranks(method, by_rank)

    def _add_ranks(self, method: str, sections: Sequence[Mapping[str, Any]]) -> None:
        couples: list[Couple] = []
        joined: dict[str, list[Any]] = {name: [] for name in (method, f"{method}_n", f"{method}_p")}
        for place, data in enumerate(sections):
            if method not in data:
                return
            couples += list(combinations(range(len(data["columns"])), 2))[place :: len(sections)]
            for name in joined:
                joined[name] += data.get(name, ())
            if method in data["notes"]:
                self.notes[method] = data["notes"][method]
        if couples:
            self._add(
                method, couples, {name: values for name, values in joined.items() if values}, joined[f"{method}_n"]
            )

    def _add(self, method: str, couples: Sequence[Couple], data: Mapping[str, Any], rows: Sequence[int]) -> None:
        values, n = np.array(data[method], dtype=np.float64), np.array(rows, dtype=np.float64)
        values = np.where(np.abs(values) > PERFECT, np.sign(values), values)
        given = data.get(f"{method}_p")
        p = np.array(given, dtype=np.float64) if given is not None else significance.p_of_r(values, n)
        q = np.array(data["p_adjusted"], dtype=np.float64) if "p_adjusted" in data else significance.adjusted(p)
        self.tested[method] = int(np.count_nonzero(~np.isnan(values)))
        intervals = INTERVALS[method](values, n).tolist() if values.size else []
        lines = zip(couples, rows, *map(numbers, (values, p, q)), intervals, strict=True)
        for couple, count, value, one_p, one_q, interval in lines:
            ci95 = None if interval[0] != interval[0] else interval  # NaN
            told = {"value": value, "p": one_p, "p_adjusted": one_q, "ci95": ci95}
            self.found[method][couple] = Known(count, None if value is None else told)

    def strongest(self, most: int) -> list[dict[str, Any]]:
        """The pairs by falling abs(coefficient) of the first method, those without one last."""

        def size(couple: Couple) -> float:
            coefficient = first[couple].coefficient
            return -1.0 if coefficient is None else round(abs(coefficient["value"]), SAME_STRENGTH)

        first = self.found[self._methods[0]]
        best = sorted(first, key=lambda couple: (-size(couple), couple))
        return [self._pair(couple) for couple in best[:most]]

    def _pair(self, couple: Couple) -> dict[str, Any]:
        column, other = (self._names[place] for place in couple)
        found: dict[str, Any] = {"column": column, "other": other, "n": self.found[self._methods[0]][couple].n}
        notes = {}
        for method in self._methods:
            known = self.found[method].get(couple)
            found[method] = known.coefficient if known else None
            if known is None:
                notes[method] = undefined("too-many")
            elif known.coefficient is None:
                notes[method] = undefined("too-few-values" if known.n < 2 else "constant")
        return found | {"notes": notes}

    def matrix(self, method: str, count: int) -> list[list[float | None]]:
        """The coefficients of the first `count` columns with each other; 1 on the diagonal."""
        cells: list[list[float | None]] = [
            [1.0 if row == place else None for place in range(count)] for row in range(count)
        ]
        for (one, two), known in self.found[method].items():
            if two < count and known.coefficient is not None:
                cells[one][two] = cells[two][one] = known.coefficient["value"]
        return cells
