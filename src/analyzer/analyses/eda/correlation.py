"""
How strongly numeric columns go together, pair by pair: Pearson's r, Spearman's ρ and Kendall's τ, each with p, a
confidence interval, and p adjusted for having looked at so many pairs.

Missing values and ±∞ are left out pair by pair: every coefficient is taken of the `n` rows in which both columns have a
finite value. It is `null` with the reason `too-few-values` below two such rows, and `constant` where one side does not
vary in them. Integers beyond 2⁵³ that lie close together are taken less the least of them first.

| figure | formula |
|---|---|
| `pearson` | Σ(x − x̄)(y − ȳ) / √(Σ(x − x̄)² Σ(y − ȳ)²), by matrix products over centred and scaled columns |
| `spearman` | Pearson's r of the ranks, taken anew for each pair, equal values sharing their mean rank |
| `kendall` | τ-b = (C − D) / √((N − ties in x)(N − ties in y)) over N = n(n − 1) / 2 pairs of rows; exact, in O(n log n) |
| `p` | two-sided. Pearson, Spearman: Student's t with n − 2 degrees of freedom. Kendall: exact up to n = 33 without ties, else normal with the variance that ties leave |
| `ci95` | Fisher's z: tanh(atanh r ± 1.96 s), s² = 1 / (n − 3) for Pearson, (1 + r² / 2) / (n − 3) for Spearman (Bonett & Wright 2000), 0.437 / (n − 4) for Kendall (Fieller, Hartley & Pearson 1957); `null` for so few values that s is not defined |
| `p_adjusted` | Benjamini & Hochberg 1995 over all pairs of the method: the false discovery rate |

Pairs stand in the order of falling abs(coefficient) of the first of the `methods`, at most `pairs` of them.

## Bounds

- The first 3,000 numeric columns are correlated; ranks are taken of the first 60.
- Up to 60 columns the result holds the whole `matrices`. Of more, the matrix of r and n is an Arrow file at
  `attachment`, with the columns `(method)` (`pearson` or `n`), `(column)`, and one for each column.
- Spearman's ρ is exact up to 100 million pairs × rows, Kendall's τ up to 10 million. Above, as many rows are drawn with
  `seed` as keep to that, but 1,000 at least, and a note says so.
"""  # noqa: E501 - a row of a Markdown table is a line

from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations
from typing import Any, Literal

from pydantic import Field

from analyzer.analyses import costs
from analyzer.analyses.columns import chosen, numeric
from analyzer.analyses.notes import Note
from analyzer.analyses.recipes import recipe as program
from analyzer.charts import heatmap
from analyzer.models.base import Frozen
from analyzer.registry import Analysis, Attachment, Chart, Params, Part, Result, Schemas, Section, Tables

VERSION = 4
PEARSON = f"eda_correlation {VERSION} pearson"

Method = Literal["pearson", "spearman", "kendall"]

MAX_COLUMNS = 3_000
MAX_RANKED = 60
MAX_DRAWN = 40
"""So many columns, from the left, are correlated; have ranks and their matrices in the result; are drawn."""

ROW_PAIRS_PER_PART = 3_000_000
MAX_RANK_PARTS = 4

TITLES: dict[Method, str] = {"pearson": "Pearson's r", "spearman": "Spearman's ρ", "kendall": "Kendall's τ"}

METHODS = {
    "missing": "pairwise complete; ±∞ is missing",
    "p": "two-sided; Student's t, for kendall exact up to 33 values without ties, else normal",
    "ci95": "Fisher's z; Bonett–Wright for spearman, Fieller for kendall",
    "p_adjusted": "Benjamini–Hochberg over all pairs of the method",
    "kendall": "tau-b",
}


class CorrelationParams(Params):
    """What to correlate."""

    columns: list[str] | None = Field(None, description="Only these columns. None: all numeric ones.")
    seed: int = Field(0, ge=0, description="Chooses the rows where only a sample is looked at.")
    methods: list[Method] = Field(
        ["pearson", "spearman", "kendall"],
        min_length=1,
        description="Which coefficients; pairs are sorted by the first.",
    )
    pairs: int = Field(200, ge=1, le=10_000, description="How many pairs to list at most, the strongest first.")


class Coefficient(Frozen):
    """One coefficient of a pair, and how sure it is."""

    value: float
    p: float
    p_adjusted: float = Field(description="The false discovery rate, by Benjamini and Hochberg.")
    ci95: tuple[float, float] | None = Field(description="None: too few values for one.")


class Pair(Frozen):
    """Two columns."""

    column: str
    other: str
    n: int = Field(description="Rows in which both are finite.")
    pearson: Coefficient | None = None
    spearman: Coefficient | None = None
    kendall: Coefficient | None = None
    notes: dict[str, Note] = Field(description="By method: why it is null.")


class Correlated(Frozen):
    """A column, and the one that it goes together with most, by the first of the methods."""

    name: str
    kind: Literal["numeric"] = "numeric"
    strongest: str | None = Field(description="None: none of its coefficients is defined, or none was listed.")
    value: float | None


class CorrelationResult(Result):
    """The pairs, the strongest first."""

    task_id: str = "eda_correlation"
    schema_version: int = 1
    rows: int
    columns: list[Correlated] = Field(description="Those that were correlated, in the table's order.")
    ranked: int = Field(description="Of so many of them, from the left, ranks were taken.")
    tested: dict[Method, int] = Field(description="For how many pairs each coefficient is defined.")
    pairs: list[Pair]
    matrices: dict[Method, list[list[float | None]]] | None = Field(
        description="Row by row in the order of the columns. None: too many columns, see attachment."
    )
    attachment: str | None = Field(description="The name of the Arrow file with the matrix, below the run's address.")
    notes: dict[str, Note] = Field(description="By method: of which sample of the rows it was taken.")
    methods: dict[str, str] = Field(description="How figures were computed where more than one way is common.")
    charts: list[Chart] = Field(description="Vega-Lite v5: the matrix of the first columns.")


def correlated(schemas: Schemas, params: CorrelationParams) -> tuple[str, ...]:
    """The columns that are looked at. Raises InvalidParameters for one that the table does not have."""
    return numeric(schemas["df"], chosen(schemas["df"], params.columns))[:MAX_COLUMNS]


def parts(schemas: Schemas, params: CorrelationParams) -> Sequence[Part]:
    """One for Pearson, and for the ranks as many as the work is worth."""
    names, table = correlated(schemas, params), costs.Costs(schemas["df"])
    found = []
    if "pearson" in params.methods:
        one = Part("pearson", names, attaches=True) if len(names) > MAX_RANKED else pearson_part(names)
        found.append(replace(one, cost=table.of(costs.PEARSON, names)))
    by_rank = sorted({"spearman", "kendall"} & set(params.methods))
    ranked = names[:MAX_RANKED]
    if by_rank and len(ranked) > 1:
        work = len(ranked) * (len(ranked) - 1) // 2 * schemas["df"].rows
        count = max(1, min(MAX_RANK_PARTS, work // ROW_PAIRS_PER_PART))
        key = f"eda_correlation {VERSION} {' '.join(by_rank)} of {count} seed {params.seed}"
        cost = table.of(costs.RANKS, ranked, share=1 / count)
        found += [Part(f"ranks {k + 1} of {count}", ranked, f"{key} {k}", cost=cost) for k in range(count)]
    return found


def pearson_part(names: tuple[str, ...]) -> Part:
    """A part whose section is `listed_pearson` of at most MAX_RANKED numeric columns, for every analysis that asks."""
    return Part("pearson", names, PEARSON)


def listed_pearson(tables: Tables, part: Part) -> Section:
    """`{columns, n, pearson}` of the part's pairs, in the order of itertools.combinations."""
    from analyzer.analyses.relations import coefficients

    found = coefficients.pearson(tables["df"], part.columns)
    return Section(part.name, {"columns": list(part.columns), **coefficients.listed(found)})


def compute(tables: Tables, part: Part, params: CorrelationParams) -> Section:
    """The coefficients of the part's pairs, in the order of itertools.combinations or, of a wide table, by size."""
    if part.shared == PEARSON:
        return listed_pearson(tables, part)
    from analyzer.analyses.relations import coefficients

    table, names = tables["df"], part.columns
    if part.name == "pearson":
        found = coefficients.pearson(table, names)
        matrix = Attachment("matrix.arrow", coefficients.arrow_file(found, names))
        data = {"columns": list(names), **coefficients.strongest(found, params.pairs, MAX_DRAWN)}
        return Section(part.name, data, attachments=(matrix,))
    k, _, count = part.name.removeprefix("ranks ").partition(" of ")
    share = (int(k) - 1, int(count))
    return Section(
        part.name,
        {"columns": list(names), **coefficients.by_rank(table, names, share, params.methods, params.seed)},
    )


def merge(sections: Sequence[Section], schemas: Schemas, params: CorrelationParams) -> CorrelationResult:
    """Adds how sure the coefficients are, and lists the strongest."""
    from analyzer.analyses.relations.joining import Joined

    names = correlated(schemas, params)
    joined = Joined([section.data for section in sections], names, params.methods)
    pairs = joined.strongest(params.pairs)
    wide = len(names) > MAX_RANKED
    return CorrelationResult(
        rows=schemas["df"].rows,
        columns=_columns(names, pairs, params.methods[0]),
        ranked=0 if list(params.methods) == ["pearson"] else len(names[:MAX_RANKED]),
        tested=joined.tested,
        pairs=pairs,
        matrices=None if wide else {method: joined.matrix(method, len(names)) for method in params.methods},
        attachment="matrix.arrow" if wide and "pearson" in params.methods else None,
        notes=joined.notes,
        methods=METHODS,
        charts=_charts(names[:MAX_DRAWN], joined, params.methods),
    )


def _columns(names: Sequence[str], pairs: Sequence[dict[str, Any]], method: Method) -> list[dict[str, Any]]:
    best: dict[str, tuple[str, float]] = {}
    for pair in pairs:
        if pair[method] is not None:
            best.setdefault(pair["column"], (pair["other"], pair[method]["value"]))
            best.setdefault(pair["other"], (pair["column"], pair[method]["value"]))
    lone = (None, None)
    return [{"name": n, "strongest": best.get(n, lone)[0], "value": best.get(n, lone)[1]} for n in names]


def _charts(names: Sequence[str], joined: Any, methods: Sequence[Method]) -> list[Chart]:
    if len(names) < 2:
        return []
    found = []
    for method in methods:
        cells = joined.corner if method == "pearson" else None
        if set(joined.found[method]) >= set(combinations(range(len(names)), 2)):
            cells = joined.matrix(method, len(names))
        if cells:
            spec = heatmap(TITLES[method], names, cells, label=method, signed=True)
            found.append(Chart(method, TITLES[method], spec))
    return found


PROGRAM = """
import numpy as np

numbers = df[columns].astype("float64").replace([np.inf, -np.inf], np.nan)
matrices, tested = {}, {}
for method in methods:
    matrix = numbers.corr(method=method).to_numpy(copy=True)
    tested[method] = int(np.count_nonzero(~np.isnan(matrix[np.triu_indices_from(matrix, k=1)])))
    np.fill_diagonal(matrix, 1.0)
    matrices[method] = matrix.tolist()
result = {"rows": len(df), "columns": [{"name": name} for name in columns]}
result |= {"tested": tested, "matrices": matrices}
"""


def recipe(schemas: Schemas, params: CorrelationParams) -> str:
    """The matrices in pandas."""
    return program(PROGRAM, correlated(schemas, params), methods=list(params.methods))


analysis = Analysis(
    id="eda_correlation",
    title="Correlation",
    page=__doc__ or "",
    params=CorrelationParams,
    result=CorrelationResult,
    parts=parts,
    compute=compute,
    merge=merge,
    recipe=recipe,
    version=VERSION,
)
