"""
Values that lie apart: by quartiles, by standard deviations, by the median, and rows that are strange as a whole.

| method | a value is an outlier where | why |
|---|---|---|
| `iqr` | x < q25 − 1.5 · iqr or x > q75 + 1.5 · iqr | Tukey 1977; quantiles are type 7 |
| `z` | abs(x − mean) > 3 · std | fits normal distributions; one far value hides others |
| `modified_z` | 0.6745 · abs(x − median) / mad > 3.5 | Iglewicz & Hoaglin 1993; far values cannot hide others |

Each method gives the fences it comes to, how many values lie below and above, their share in the present ones, and the
first rows, at most ten. It is `null`, and a note says why, where its measure of spread is zero (`constant`) or not
defined. ±∞ lies beyond any fence; missing values are not counted.

## Rows

`forest` is an isolation forest (Liu, Ting & Zhou 2008; scikit-learn, 100 trees of 256 rows) over the first 50 numeric
columns that are not constant, with the median in place of missing and infinite values. A row's score lies between 0 and
1; above 0.5 it is told apart sooner than rows in general. Of more than 20,000 rows that many, drawn with `seed`, are
looked at. It needs the extra `stats`.
"""

from collections.abc import Sequence

from pydantic import Field

from analyzer.analyses.columns import chosen, in_table_order
from analyzer.analyses.eda.statistical_summary import figure_parts, figures, is_figures
from analyzer.analyses.notes import Note
from analyzer.analyses.recipes import recipe
from analyzer.charts import top_values
from analyzer.models.base import Frozen
from analyzer.registry import Analysis, Chart, Params, Part, Result, Schemas, Section, Tables

FOREST = "all columns: isolation forest"
MAX_CHARTED = 30

RECIPE = """
import numpy as np


def beyond(x, lower, upper):
    below, above = x < lower, x > upper
    n, rows = (below | above).sum(), np.flatnonzero(below | above)[:10].tolist()
    found = {"lower": lower, "upper": upper, "below": below.sum(), "above": above.sum(), "n": n}
    return {**found, "share": n / x.count(), "rows": rows} if lower < upper else None


def outliers(x):
    low, high, median = x.quantile(0.25), x.quantile(0.75), x.median()
    reach, z, mad = iqr * (high - low), z_limit * x.std(), modified_z * (x - median).abs().median() / 0.6745
    return {
        "iqr": beyond(x, low - reach, high + reach),
        "z": beyond(x, x.mean() - z, x.mean() + z),
        "modified_z": beyond(x, median - mad, median + mad),
    }


numeric = [name for name in columns if df[name].dtype.kind in "iuf" and df[name].notna().any()]
result = {"columns": [{"name": name, **outliers(df[name])} for name in numeric]}

usable = [name for name in numeric if df[name].nunique() > 1][:50]
if usable and len(df) <= 20_000:
    from sklearn.ensemble import IsolationForest

    filled = df[usable].fillna(df[usable].median()).to_numpy()
    scores = -IsolationForest(n_estimators=100, random_state=seed).fit(filled).score_samples(filled)
    strangest = np.argsort(-scores, kind="stable")[:10].tolist()
    result["forest"] = {
        "columns": usable,
        "rows": len(df),
        "n": (scores > 0.5).sum(),
        "strangest": [{"row": row, "score": scores[row]} for row in strangest],
    }
"""


class OutliersParams(Params):
    """Where to look, and how far away is too far."""

    columns: list[str] | None = Field(None, description="Only these columns. None: all.")
    seed: int = Field(0, ge=0, description="Grows the forest, and chooses the rows it looks at, of more than 20,000.")
    iqr: float = Field(1.5, gt=0, description="So many IQRs beyond the quartiles.")
    z: float = Field(3.0, gt=0, description="So many standard deviations from the mean.")
    modified_z: float = Field(3.5, gt=0, description="A modified z-score above this.")


class Fences(Frozen):
    """Where a method draws the line, and what lies beyond."""

    lower: float
    upper: float
    below: int
    above: int
    n: int
    share: float
    rows: list[int] = Field(description="The first ones, from 0, at most ten.")


class OutlyingColumn(Frozen):
    """One numeric column."""

    name: str
    count: int
    missing: int
    iqr: Fences | None
    z: Fences | None
    modified_z: Fences | None
    notes: dict[str, Note]


class StrangeRow(Frozen):
    """A row and its score."""

    row: int
    score: float


class Forest(Frozen):
    """Rows that are strange as a whole."""

    columns: list[str]
    rows: int = Field(description="How many were looked at.")
    n: int | None = Field(description="How many score above the threshold.")
    threshold: float
    strangest: list[StrangeRow] = Field(description="By falling score, at most ten.")
    notes: dict[str, Note]


class OutliersResult(Result):
    """Outliers of every numeric column, and strange rows."""

    task_id: str = "quality_outliers"
    schema_version: int = 1
    rows: int
    columns: list[OutlyingColumn] = Field(description="The numeric ones, in the table's order.")
    forest: Forest
    methods: dict[str, str]
    charts: list[Chart] = Field(description="Vega-Lite v5: values beyond the IQR fences, where there are any.")


METHODS = {
    "iqr": "Tukey's fences, quantiles type 7",
    "z": "mean and sample standard deviation (ddof 1)",
    "modified_z": "median and unscaled MAD, factor 0.6745",
    "forest": "isolation forest, 100 trees of at most 256 rows, medians for missing values",
}


def parts(schemas: Schemas, params: OutliersParams) -> Sequence[Part]:
    """The columns, then the forest."""
    figured = figure_parts(schemas["df"], chosen(schemas["df"], params.columns))
    return [*(Part(part.name, part.columns, needs=(part,)) for part in figured), Part(FOREST)]


def compute(tables: Tables, part: Part, params: OutliersParams) -> Section:
    """`{columns: […]}` of the numeric ones among the part's columns, or `{forest: …}`."""
    if is_figures(part):
        return figures(tables, part)
    from analyzer.analyses.findings import outlying

    table = tables["df"]
    if part.name == FOREST and not part.given:
        if params.columns is not None:
            table = table.select([name for name in table.column_names if name in params.columns])
        return Section(part.name, {"forest": outlying.forest(table, params.seed)})
    limits = {"iqr": params.iqr, "z": params.z, "modified_z": params.modified_z}
    found = [
        {name: known[name] for name in ("name", "count", "missing")}
        | outlying.of_column(table.column(known["name"]), known, limits)
        for known in part.given[0].data["columns"]
        if known["kind"] == "numeric"
    ]
    return Section(part.name, {"columns": found})


def merge(sections: Sequence[Section], schemas: Schemas, params: OutliersParams) -> OutliersResult:
    """All numeric columns in the table's order."""
    of_columns = in_table_order([section for section in sections if section.data.get("columns")], schemas["df"])
    columns = [column for section in of_columns for column in section.data["columns"]]
    counted = [{"value": one["name"], "count": one["iqr"]["n"]} for one in columns if one["iqr"] and one["iqr"]["n"]]
    worst = sorted(counted, key=lambda entry: -entry["count"])[:MAX_CHARTED]
    return OutliersResult(
        rows=schemas["df"].rows,
        columns=columns,
        forest=sections[-1].data["forest"],
        methods=METHODS,
        charts=[Chart("outliers", "Outliers by IQR", top_values("Outliers by IQR", worst))] if worst else [],
    )


analysis = Analysis(
    id="quality_outliers",
    title="Outliers",
    page=__doc__ or "",
    params=OutliersParams,
    result=OutliersResult,
    parts=parts,
    compute=compute,
    merge=merge,
    recipe=lambda schemas, params: recipe(
        RECIPE, params.columns, iqr=params.iqr, z_limit=params.z, modified_z=params.modified_z, seed=params.seed
    ),
    version=3,
)
