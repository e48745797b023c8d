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

OVERALL = "the mean of the scores that are not null"


def dimensions(cells: Sequence[Mapping[str, int]], extra_copies: int, rows: int) -> list[dict[str, Any]]:
    """`[{dimension, score, formula, inputs, notes}]` from each column's counted cells."""
    total = {name: sum(column[name] for column in cells) for name in ("rows", "missing", "invalid", "inconsistent")}
    timed = {name: sum(column[name] for column in cells) for name in ("moments", "untimely")}
    present = total["rows"] - total["missing"]
    return [
        _score("completeness", {"missing": total["missing"], "cells": total["rows"]}, "no-rows"),
        _score("uniqueness", {"extra_copies": extra_copies, "rows": rows}, "no-rows"),
        _score("validity", {"invalid": total["invalid"], "present": present}, "no-values"),
        _score("consistency", {"inconsistent": total["inconsistent"], "present": present}, "no-values"),
        _score("timeliness", {"untimely": timed["untimely"], "moments": timed["moments"]}, "no-moments"),
    ]


def _score(dimension: str, inputs: dict[str, int], reason: Reason) -> dict[str, Any]:
    """One minus the quotient of the two inputs; null for that reason where there is nothing to divide by."""
    bad, all_of_them = inputs.values()
    return {
        "dimension": dimension,
        "score": 1 - bad / all_of_them if all_of_them else None,
        "formula": FORMULAS[dimension],
        "inputs": inputs,
        "notes": {} if all_of_them else {"score": undefined(reason)},
    }


def overall(scored: Sequence[Mapping[str, Any]]) -> float | None:
    """The mean of the scores there are; None where there are none."""
    known = [one["score"] for one in scored if one["score"] is not None]
    return sum(known) / len(known) if known else None
