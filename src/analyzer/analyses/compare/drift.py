"""
How a table differs from a reference: columns that came and went, every figure beside the one before, and which columns
have drifted.

`df`, the dataset of the run, is the current table; `reference` is the `file_id` of the one it is held against, which
must be yours like the first. Columns are matched by name.

## Drift, column by column

Missing values and ±∞ are left out. By default the method follows Evidently's rule (evidentlyai.com, default data drift
test), by the size of the reference's sample, since tests find anything in large samples:

| reference | numbers, more than 5 distinct values in both together | numbers of fewer, text and truth values |
|---|---|---|
| up to 1,000 values | `ks` | `z` for two values, else `chi2` |
| more | `wasserstein` | `jensenshannon` |

| method | statistic | drifted |
|---|---|---|
| `ks` | D = max abs(F − G), Kolmogorov & Smirnov. p is exact, by counting paths, up to 10,000 values on both sides, above that of the limit by the harmonic size (Hodges 1958) | p < `p` (0.05) |
| `chi2` | Pearson's Σ(o − e)² / e with e the reference's counts, scaled to the size of the current sample; k − 1 degrees of freedom. A value that is new makes it infinite: `null`, and p = 0 | p < `p` |
| `z` | abs(z) of the difference of two shares, with the pooled share; 0 where both have only the same one value | p < `p` |
| `wasserstein` | ∫ abs(F − G) / max(standard deviation of the reference (ddof 0), 0.001) | ≥ `distance` (0.1) |
| `jensenshannon` | √ of Jensen and Shannon's divergence in bits, 0 to 1; of numbers in Sturges's bins over both where the reference has more than 20 distinct ones, else by value | ≥ `distance` |
| `psi` | Population stability index Σ(c − r) · ln(c / r) of the same shares; an empty one counts as 0.0001, or a millionth of the least where that is smaller | ≥ `distance` |

`numeric_test` and `categorical_test` name another one. Of text whose values hardly repeat in the reference (kind
`text`) the lengths are compared, as numbers. Moments, lists and the like, and columns of different kinds, are not
tested: `drifted` is `null`, and a note says why.

The table has drifted where at least `drift_share` (0.5) of the tested columns have.

## Figures

`reference`, `current` and `delta` (current − reference) hold every figure of the statistical summary that is a number
or a moment, and `missing_share`, of which both sides have it; those of an object as `lengths.mean`. Whole numbers and
decimals are taken from each other exactly; moments differ by seconds. `histogram` has the shares of both in common
bins (Freedman & Diaconis over both together, 30 at most), `values` those of the ten values that are most frequent in
either.

## Issues

| code | severity | when |
|---|---|---|
| dataset_drift | error | at least `drift_share` of the tested columns have drifted |
| column_removed | error | the reference has the column, the dataset does not |
| type_changed | warning | the Arrow type of the column is another one |
| column_drift | warning | the column has drifted |
| new_values | warning | text or truth values that the reference does not have; with the first rows |
| out_of_range | warning | numbers below the reference's least or above its largest one, ±∞ included; with the first rows |
| missing_more | warning | the share of missing cells rose by more than `missing` (0.05) |
| column_added | info | the dataset has the column, the reference does not |
| columns_moved | info | the columns that both have stand in another order |
| lost_values | info | text or truth values of the reference that occur no more |
"""  # noqa: E501 - a row of a Markdown table is a line

from collections.abc import Iterator, Sequence
from typing import Any, Literal

from pydantic import Field

from analyzer.analyses.apart.alerts import CODES
from analyzer.analyses.columns import chosen, in_table_order
from analyzer.analyses.compare.recipe import PROGRAM
from analyzer.analyses.eda.data_quality import Issue
from analyzer.analyses.eda.statistical_summary import figure_parts, figures, is_figures
from analyzer.analyses.notes import Note, undefined
from analyzer.analyses.recipes import recipe
from analyzer.charts import two_bars, two_histograms
from analyzer.models import TableSchema
from analyzer.models.base import Frozen
from analyzer.registry import Analysis, Chart, Params, Part, Result, Schemas, Section, Tables

VERSION = 3
MAX_CHARTED = 40

METHODS = {
    "rule": "Evidently's default: up to 1,000 reference values ks, chi2 or z, above wasserstein or jensenshannon",
    "missing": "left out, and so is ±∞",
    "ks": "two-sided; exact up to 10,000 values",
    "chi2": "the reference's counts, scaled, are what is expected",
    "wasserstein": "in standard deviations (ddof 0) of the reference",
    "jensenshannon": "distance, base 2",
    "delta": "current − reference",
}

Number = int | float | str | None


class DriftParams(Params):
    """What to compare, how, and from where on it is drift."""

    reference: str = Field(description="The `file_id` of the dataset to compare with.")
    columns: list[str] | None = Field(None, description="Only these columns. None: all of both.")
    seed: int = Field(0, ge=0, description="Without effect here, as nothing is sampled.")
    numeric_test: Literal["auto", "ks", "wasserstein", "jensenshannon", "psi"] = Field(
        "auto", description="How numbers are tested."
    )
    categorical_test: Literal["auto", "chi2", "z", "jensenshannon", "psi"] = Field(
        "auto", description="How text and truth values are tested; z is for two values."
    )
    p: float = Field(0.05, gt=0, lt=1, description="A test with a p below this says drift.")
    distance: float = Field(0.1, gt=0, description="A distance of at least this says drift.")
    drift_share: float = Field(0.5, gt=0, le=1, description="The table has drifted with this share of its columns.")
    missing: float = Field(0.05, ge=0, le=1, description="An issue where the missing share rises by more than this.")


class Change(Frozen):
    """How the columns themselves differ."""

    column: str
    change: Literal["added", "removed", "type"]
    before: str | None = Field(description="The Arrow type in the reference.")
    after: str | None = Field(description="The Arrow type in the dataset.")


class SideBySide(Frozen):
    """Shares of both in common bins, one fewer than edges."""

    edges: list[float]
    reference: list[float]
    current: list[float]


class Share(Frozen):
    """A value and its shares."""

    value: str
    reference: float
    current: float


class Values(Frozen):
    """Values that are counted one by one."""

    new: int = Field(description="So many distinct ones are not in the reference.")
    lost: int = Field(description="So many of the reference's occur no more.")
    top: list[Share] = Field(description="By falling larger share, at most ten.")


class ComparedColumn(Frozen):
    """A column that both have."""

    name: str
    kind: str
    reference_kind: str
    method: str | None = Field(description="None: not tested, as a note at drifted says.")
    statistic: float | None
    p: float | None = Field(description="None: the method has none.")
    threshold: float | None = Field(description="Of p or, where there is none, of the statistic.")
    drifted: bool | None
    histogram: SideBySide | None = Field(description="Of what is compared as numbers.")
    values: Values | None = Field(description="Of what is compared value by value.")
    reference: dict[str, Number] = Field(description="Figures of the summary that both have.")
    current: dict[str, Number]
    delta: dict[str, Number] = Field(description="Current − reference; of moments in seconds.")
    notes: dict[str, Note]


class DriftResult(Result):
    """How the table differs from the reference."""

    task_id: str = "compare_drift"
    schema_version: int = 1
    rows: int
    reference_rows: int
    drifted: bool | None = Field(description="The table as a whole. None: no column could be tested.")
    drifted_columns: int
    tested_columns: int
    drifted_share: float | None = Field(description="Of the tested columns.")
    threshold: float = Field(description="From this share on the table has drifted.")
    notes: dict[str, Note]
    changes: list[Change] = Field(description="Columns of the dataset in its order, then those that were removed.")
    columns: list[ComparedColumn] = Field(description="Those that both have, in the dataset's order.")
    issues: list[Issue] = Field(description="The worst first; of one code in the order of the columns.")
    methods: dict[str, str] = Field(description="How figures were computed where more than one way is common.")
    charts: list[Chart] = Field(description="Vega-Lite v5: both in one picture, drifted columns first.")


def common(schemas: Schemas, params: DriftParams) -> tuple[str, ...]:
    """The chosen columns that both have. Raises InvalidParameters for one that neither has."""
    current, reference = schemas["df"], schemas["reference"]
    gone = tuple(column for column in reference.columns if column.name not in current.names)
    either = current.model_copy(update={"columns": (*current.columns, *gone)})
    both = frozenset(current.names) & frozenset(reference.names)
    return tuple(name for name in chosen(either, params.columns) if name in both)


def parts(schemas: Schemas, params: DriftParams) -> Sequence[Part]:
    """One column a part, as far as they are few, each with the figures that the summary has of it."""
    figured = figure_parts(schemas["df"], common(schemas, params))
    return [Part(part.name, part.columns, needs=(part,)) for part in figured]


def compute(tables: Tables, part: Part, params: DriftParams) -> Section:
    """`{columns: […], issues: […]}`; a picture where it is only one."""
    if is_figures(part):
        return figures(tables, part)
    from analyzer.analyses.apart.column import Limits, compare

    limits = Limits(params.numeric_test, params.categorical_test, params.p, params.distance, params.missing)
    before, after = tables["reference"], tables["df"]
    compared = [
        compare(known["name"], before.column(known["name"]), after.column(known["name"]), known, limits)
        for known in part.given[0].data["columns"]
    ]
    columns = [column for column, _ in compared]
    issues = [one for _, found in compared for one in found]
    charts = _pictures(columns, 0) if len(columns) == 1 else []
    return Section(part.name, {"columns": columns, "issues": issues}, tuple(charts))


def merge(sections: Sequence[Section], schemas: Schemas, params: DriftParams) -> DriftResult:
    """All columns in the dataset's order, what became of the others, and the verdict."""
    current, reference = schemas["df"], schemas["reference"]
    sections = in_table_order(sections, current)
    columns = [column for section in sections for column in section.data["columns"]]
    changes = list(_changes(current, reference, params.columns))
    verdict = _verdict(columns, params.drift_share)
    found = [one for section in sections for one in section.data["issues"]]
    found += [*_of_changes(changes), *_of_table(verdict, current, reference)]
    in_charts = sorted(enumerate(columns), key=lambda one: not one[1]["drifted"])[:MAX_CHARTED]
    return DriftResult(
        rows=current.rows,
        reference_rows=reference.rows,
        **verdict,
        changes=changes,
        columns=columns,
        issues=CODES.in_order(found),
        methods=METHODS,
        charts=[chart for place, column in in_charts for chart in _pictures([column], place)],
    )


def _changes(current: TableSchema, reference: TableSchema, wanted: Sequence[str] | None) -> Iterator[Change]:
    after = {column.name: column.type for column in current.columns}
    before = {column.name: column.type for column in reference.columns}
    for name in dict.fromkeys((*after, *before)):
        if wanted is not None and name not in wanted:
            continue
        one, other = before.get(name), after.get(name)
        if one != other:
            change: Any = "added" if one is None else "removed" if other is None else "type"
            yield Change(column=name, change=change, before=one, after=other)


def _verdict(columns: Sequence[dict[str, Any]], threshold: float) -> dict[str, Any]:
    tested = [column for column in columns if column["drifted"] is not None]
    drifted = sum(column["drifted"] for column in tested)
    share = drifted / len(tested) if tested else None
    return {
        "drifted": None if share is None else share >= threshold,
        "drifted_columns": drifted,
        "tested_columns": len(tested),
        "drifted_share": share,
        "threshold": threshold,
        "notes": {} if tested else {name: undefined("no-values") for name in ("drifted", "drifted_share")},
    }


def _of_changes(changes: Sequence[Change]) -> Iterator[dict[str, Any]]:
    for one in changes:
        if one.change == "type":
            yield CODES.issue("type_changed", one.column, message=f"The type was {one.before} and is {one.after}.")
        else:
            yield CODES.issue(f"column_{one.change}", one.column)


def _of_table(verdict: dict[str, Any], current: TableSchema, reference: TableSchema) -> Iterator[dict[str, Any]]:
    if verdict["drifted"]:
        n, share = verdict["drifted_columns"], verdict["drifted_share"]
        told = f"{n} of {verdict['tested_columns']} tested columns have drifted."
        yield CODES.issue("dataset_drift", None, n=n, share=share, threshold=verdict["threshold"], message=told)
    both = frozenset(current.names) & frozenset(reference.names)
    before, after = ([name for name in names if name in both] for names in (reference.names, current.names))
    if moved := sum(one != other for one, other in zip(before, after, strict=True)):
        yield CODES.issue("columns_moved", None, n=moved)


def _pictures(columns: Sequence[dict[str, Any]], start: int) -> list[Chart]:
    charts = []
    for place, column in enumerate(columns, start=start):
        name, shape, values = column["name"], column["histogram"], column["values"]
        if shape:
            sides = {side: shape[side] for side in ("reference", "current")}
            charts.append(Chart(f"column-{place}", name, two_histograms(name, shape["edges"], sides)))
        elif values:
            charts.append(Chart(f"column-{place}", name, two_bars(name, values["top"])))
    return charts


analysis = Analysis(
    id="compare_drift",
    title="Drift",
    page=__doc__ or "",
    params=DriftParams,
    result=DriftResult,
    parts=parts,
    compute=compute,
    merge=merge,
    further=lambda params: {"reference": params.reference},
    version=VERSION,
    recipe=lambda schemas, params: recipe(
        PROGRAM,
        common(schemas, params),
        numeric_test=params.numeric_test,
        categorical_test=params.categorical_test,
        p_limit=params.p,
        distance_limit=params.distance,
        share_limit=params.drift_share,
    ),
)
