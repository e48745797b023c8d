"""Association of all pairs of columns, whatever their kinds."""

import math
from collections.abc import Sequence
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from analyzer.analyses.costs import ASSOCIATED_CELLS
from analyzer.analyses.figures.columns import kind_of, plain
from analyzer.analyses.notes import Reason, undefined
from analyzer.analyses.relations import association
from analyzer.analyses.relations import table as tables
from analyzer.analyses.relations.levels import Levels, crossing, levels_of
from analyzer.picking import picked_of

MAX_COLUMNS = 60
FIGURES = ("cramers_v", "eta_squared", "p", "mutual_information", "theils_u", "theils_u_reverse")


def associated(
    table: pa.Table, names: Sequence[str], bins: int, most_levels: int, seed: int, most_pairs: int
) -> dict[str, Any]:
    """`{columns, left_out, pairs, tested, strengths, notes}` of these columns of the table."""
    able = min(len(names), MAX_COLUMNS)
    rows = tables.drawn(table.num_rows, max(1000, ASSOCIATED_CELLS // max(1, able * (able - 1) // 2)), seed)
    kept, left_out = _kept(table, rows, names, bins, most_levels)
    found = [_pair(one, kept[one], two, kept[two]) for one, two in combinations(kept, 2)]
    places = {name: place for place, name in enumerate(kept)}
    strengths: list[list[float | None]] = [[1.0 if name == other else None for other in kept] for name in kept]
    for pair in found:
        one, two = places[pair["column"]], places[pair["other"]]
        strengths[one][two] = strengths[two][one] = pair["strength"]
    pairs = sorted(found, key=lambda pair: 1.0 if pair["strength"] is None else -round(pair["strength"], 9))
    return {
        "columns": _columns(kept, pairs),
        "left_out": left_out,
        "pairs": pairs[:most_pairs],
        "tested": len(pairs),
        "strengths": strengths,
        "notes": {} if rows is None else {"rows": {"kind": "sample", "n": rows.size, "seed": seed}},
    }


def _kept(
    table: pa.Table, rows: npt.NDArray[np.int64] | None, names: Sequence[str], bins: int, most: int
) -> tuple[dict[str, Levels], list[dict[str, str]]]:
    kept: dict[str, Levels] = {}
    left_out = []
    for name in names:
        if len(kept) == MAX_COLUMNS:
            left_out.append({"name": name, "reason": "too-many-columns"})
            continue
        column = table.column(name)
        if rows is not None:
            column = picked_of(column, rows)
        if (levels := levels_of(column, bins, most)) is not None:
            kept[name] = levels
        else:
            texts = kind_of(plain(column).type) == "categorical"
            some = column.null_count < len(column)
            reason = ("too-many-levels" if texts else "unsupported") if some else "no-values"
            left_out.append({"name": name, "reason": reason})
    return kept, left_out


def _columns(kept: dict[str, Levels], pairs: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    best: dict[str, tuple[str | None, float | None]] = {}
    for pair in pairs:
        if pair["strength"] is not None:
            best.setdefault(pair["column"], (pair["other"], pair["strength"]))
            best.setdefault(pair["other"], (pair["column"], pair["strength"]))
    return [
        {
            "name": name,
            "kind": "categorical" if levels.values is None else "numeric",
            "levels": levels.size,
            "strongest": best.get(name, (None, None))[0],
            "value": best.get(name, (None, None))[1],
        }
        for name, levels in kept.items()
    ]


def _pair(name: str, one: Levels, other: str, two: Levels) -> dict[str, Any]:
    table = crossing(one, two)
    n = int(table.sum())
    figures = dict.fromkeys(FIGURES, math.nan)
    figures["mutual_information"] = information = association.mutual_information(table)
    figures["theils_u"], figures["theils_u_reverse"] = association.theils_u(table), association.theils_u(table.T)
    if one.values is None and two.values is None:
        kinds = "categories"
        figures |= {"cramers_v": association.cramers_v(table), "p": association.independence(table)}
        strength = figures["cramers_v"]
    elif one.values is None or two.values is None:
        kinds = "category and numbers"
        groups, numbers = (one, two) if one.values is None else (two, one)
        figures["eta_squared"], figures["p"], n = association.correlation_ratio(groups, numbers)
        strength = math.sqrt(figures["eta_squared"]) if figures["eta_squared"] >= 0 else math.nan
    else:
        kinds = "numbers"
        strength = math.sqrt(-math.expm1(-2 * information)) if min(table.shape, default=0) > 1 else math.nan
    varied = figures["eta_squared"] >= 0 if kinds == "category and numbers" else min(table.shape, default=0) > 1
    apply = {"categories": ("cramers_v", "p"), "category and numbers": ("eta_squared", "p"), "numbers": ()}[kinds]
    wanted = (*apply, "mutual_information", "theils_u", "theils_u_reverse", "strength")
    told = {key: None if math.isnan(value) else value for key, value in (figures | {"strength": strength}).items()}
    notes = {key: undefined(_reason(key, n, varied)) for key in wanted if told[key] is None}
    return {"column": name, "other": other, "kinds": kinds, "n": n, **told, "notes": notes}


def _reason(figure: str, n: int, varied: bool) -> Reason:
    """Why it is null of so many rows, in which both sides vary or not; numbers in one bin may vary."""
    of_levels = figure.startswith("theils_u")
    return "constant" if n > 1 and (of_levels or not varied) else "too-few-values"
