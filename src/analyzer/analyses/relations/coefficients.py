"""Coefficients of correlation of pairs of columns, as sections hold them."""

import math
from collections.abc import Sequence
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from analyzer.analyses.costs import SPEARMAN_CELLS
from analyzer.analyses.relations import products, ranks, significance
from analyzer.analyses.relations import table as tables
from analyzer.analyses.relations.concordance import kendall

Doubles = npt.NDArray[np.float64]

KENDALL_CELLS = 10_000_000
"""Pairs times rows: where there are more, as many rows are drawn as keep it."""

LEAST_ROWS = 1_000


def pearson(source: pa.Table, names: Sequence[str]) -> products.Pearson:
    """Pearson's r of all pairs of these numeric columns of the tables."""
    source = tables.near_zero(source, names)
    return products.pearson(
        tables.blocks(source, names),
        tables.spread_sample(source, names),
        lambda place: tables.doubles(source.column(names[place])),
    )


def listed(found: products.Pearson) -> dict[str, Any]:
    """`{n, pearson}` of the pairs in the order of itertools.combinations."""
    places = np.triu_indices(found.r.shape[0], k=1)
    return {"n": found.n[places].astype(np.int64).tolist(), "pearson": numbers(found.r[places])}


def strongest(found: products.Pearson, most: int, drawn: int) -> dict[str, Any]:
    """`{pairs, n, pearson, p_adjusted, tested}` of the pairs with the largest abs(r), the largest first.

    And r of the first `drawn` columns with each other, row by row, as `corner`.
    """
    one, two = np.triu_indices(found.r.shape[0], k=1)
    r, n = found.r[one, two], found.n[one, two]
    q = significance.adjusted(significance.p_of_r(r, n))
    size = np.where(np.isnan(r), -1.0, np.abs(r))
    best = np.argsort(-size, kind="stable")[:most]
    return {
        "pairs": np.stack((one[best], two[best]), axis=1).tolist(),
        "n": n[best].astype(np.int64).tolist(),
        "pearson": numbers(r[best]),
        "p_adjusted": numbers(q[best]),
        "tested": int(np.count_nonzero(~np.isnan(r))),
        "corner": [numbers(row) for row in found.r[:drawn, :drawn]],
    }


def by_rank(
    source: pa.Table, names: Sequence[str], share: tuple[int, int], methods: Sequence[str], seed: int
) -> dict[str, Any]:
    """`{n, spearman, kendall, kendall_p, notes}` of every so-manieth pair in the order of itertools.combinations.

    `share` is (k, m): the pairs k, k + m, k + 2m, … What `methods` does not name is left out.
    """
    pairs = len(names) * (len(names) - 1) // 2
    source = tables.near_zero(source, names)
    found: dict[str, Any] = {"notes": {}}
    for method, cells in (("spearman", SPEARMAN_CELLS), ("kendall", KENDALL_CELLS)):
        if method not in methods:
            continue
        rows = tables.drawn(source.num_rows, max(LEAST_ROWS, cells // max(pairs, 1)), seed)
        if rows is not None:
            found["notes"][method] = {"kind": "sample", "n": rows.size, "seed": seed}
        taken = _dense(source, names, rows)
        mine = list(combinations(range(len(names)), 2))[share[0] :: share[1]]
        if method == "spearman":
            found |= _spearman(taken, mine)
        else:
            tests = [kendall(taken[one], taken[two]) for one, two in mine]
            found |= {"kendall": numbers([test.tau for test in tests]), "kendall_p": numbers([t.p for t in tests])}
            found["kendall_n"] = [test.n for test in tests]
    return found


def _dense(source: pa.Table, names: Sequence[str], rows: npt.NDArray[np.int64] | None) -> list[ranks.Ranks]:
    def values(name: str) -> Doubles:
        whole = tables.doubles(source.column(name))
        return whole if rows is None else whole[rows]

    return [ranks.dense(values(name)) for name in names]  # one after the other: a copy of each may be large


def _spearman(taken: Sequence[ranks.Ranks], pairs: Sequence[tuple[int, int]]) -> dict[str, Any]:
    values, n = [], []
    for one, two in pairs:
        first, second = ranks.common(taken[one], taken[two])
        values.append(ranks.spearman(first, second))
        n.append(first.size)
    return {"spearman": numbers(values), "spearman_n": n}


def numbers(values: Doubles | Sequence[float]) -> list[float | None]:
    """For JSON: NaN is None."""
    return [None if math.isnan(value) else value for value in np.asarray(values, dtype=np.float64).tolist()]


def arrow_file(found: products.Pearson, names: Sequence[str]) -> bytes:
    """r and n as an Arrow file: `(method)`, `(column)`, then a column for each name, null where r is not defined."""
    count = len(names)
    head = [pa.array(["pearson"] * count + ["n"] * count), pa.array([*names, *names])]
    body = [pa.array(np.concatenate((found.r[:, k], found.n[:, k])), from_pandas=True) for k in range(count)]
    whole = pa.Table.from_arrays(head + body, names=["(method)", "(column)", *names])
    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, whole.schema) as writer:
        writer.write_table(whole)
    content: bytes = sink.getvalue().to_pybytes()
    return content
