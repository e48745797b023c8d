"""From counted cells to a score for each dimension of quality. Plain Python: no numpy."""

from collections.abc import Mapping, Sequence
from typing import Any

from analyzer.analyses.notes import Reason, undefined

FORMULAS = {
    "completeness": "1 − missing / cells",
    "uniqueness": "1 − extra_copies / rows",
    "validity": "1 − invalid / present",
    "consistency": "1 − inconsistent / present",
    "timeliness": "1 − untimely / moments",
}

COUNTS = ("rows", "missing", "invalid", "inconsistent", "unexamined", "moments", "untimely")
"""What is counted of each column."""

OVERALL = "the mean of the scores that are not null"


def dimensions(cells: Sequence[Mapping[str, int]], extra_copies: int, rows: int) -> list[dict[str, Any]]:
    """`[{dimension, score, formula, inputs, notes}]` from each column's counted cells."""
    total = {name: sum(column[name] for column in cells) for name in COUNTS}
    present, unknown = total["rows"] - total["missing"], total["unexamined"]
    return [
        _score("completeness", {"missing": total["missing"], "cells": total["rows"]}, "no-rows"),
        _score("uniqueness", {"extra_copies": extra_copies, "rows": rows}, "no-rows"),
        _score("validity", {"invalid": total["invalid"], "present": present}, "no-values", unknown),
        _score("consistency", {"inconsistent": total["inconsistent"], "present": present}, "no-values", unknown),
        _score("timeliness", {"untimely": total["untimely"], "moments": total["moments"]}, "no-moments"),
    ]


def _score(dimension: str, inputs: dict[str, int], reason: Reason, unknown: int = 0) -> dict[str, Any]:
    """One minus the quotient of the two inputs; null for that reason where there is nothing to divide by.

    Cells that nothing is known about count as good and make the score an estimate.
    """
    bad, all_of_them = inputs.values()
    notes: dict[str, Any] = {}
    if not all_of_them:
        notes["score"] = undefined(reason)
    elif unknown:
        notes["score"] = {"kind": "estimate", "bound": unknown / all_of_them}
    return {
        "dimension": dimension,
        "score": 1 - bad / all_of_them if all_of_them else None,
        "formula": FORMULAS[dimension],
        "inputs": inputs,
        "notes": notes,
    }


def overall(scored: Sequence[Mapping[str, Any]]) -> float | None:
    """The mean of the scores there are; None where there are none."""
    known = [one["score"] for one in scored if one["score"] is not None]
    return sum(known) / len(known) if known else None
