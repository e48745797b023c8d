"""
How the numbers of each column are distributed: bins, a smooth density, shares, the family that fits best, round numbers.

| figure | what it is |
|---|---|
| `histogram` | bins of Freedman & Diaconis 1981 (Sturges 1926 where the IQR is 0), `bins` of them at most |
| `density` | Gaussian kernels with Scott's `bandwidth`, std · n^(-1/5), at `grid` points from the least to the largest value; below 10⁻¹² of its peak it is 0 |
| `peaks` | where the density is higher than beside it and at least a twentieth of its highest |
| `ecdf` | the share of values up to and with x, at 201 of them at most |
| `families` | maximum likelihood fits, by rising AIC = 2k − 2 log L; lognormal, gamma and Weibull begin at 0 and need positive values. Parameters have scipy's names |
| `bimodality` | Sarle's coefficient; above 5/9, a uniform distribution's, two humps are likely |
| `last_digits`, `round_share` | how often each last digit occurs, and the share of 0 and 5, which heaping raises above 0.2 |

Missing values and ±∞ are left out. From 20 values on families are fitted; above 10,000, to as many drawn with `seed`. A
last digit has what is written with six decimals at most.
"""  # noqa: E501 - a row of a Markdown table is a line

from collections.abc import Sequence
from functools import partial
from typing import Literal

from pydantic import Field

from analyzer.analyses import costs
from analyzer.analyses.columns import chosen, column_parts, numeric
from analyzer.analyses.eda.summary_columns import Histogram
from analyzer.analyses.notes import Note
from analyzer.analyses.recipes import recipe as program
from analyzer.charts import curve, histogram
from analyzer.models.base import Frozen
from analyzer.registry import Analysis, Chart, Params, Part, Result, Schemas, Section, Tables

VERSION = 4
MAX_CHARTED = 20

METHODS = {
    "missing": "left out, and so is ±∞",
    "density": "Gaussian kernels, Scott's bandwidth",
    "families": "maximum likelihood, by AIC",
    "bimodality": "Sarle's coefficient, with G1 and G2",
}


class DistributionParams(Params):
    """How finely to look."""

    columns: list[str] | None = Field(None, description="Only these columns. None: all numeric ones.")
    seed: int = Field(0, ge=0, description="Chooses the values that families are fitted to, where there are many.")
    bins: int = Field(50, ge=1, le=1000, description="The most bins a histogram may have.")
    grid: int = Field(128, ge=16, le=1024, description="At how many points the density is given.")


class Curve(Frozen):
    """A density, point by point."""

    x: list[float]
    y: list[float]


class Shares(Frozen):
    """The share of values up to and with each x."""

    x: list[float]
    share: list[float]


class Family(Frozen):
    """A family of distributions, fitted."""

    family: str = Field(description="scipy's name.")
    parameters: dict[str, float]
    log_likelihood: float
    aic: float


class LastDigits(Frozen):
    """How often each last digit occurs, from 0 to 9, of values written with so many decimals."""

    decimals: int
    counts: list[int]


class Distribution(Frozen):
    """One column."""

    name: str
    kind: Literal["numeric"] = "numeric"
    count: int = Field(description="Finite values.")
    missing: int = Field(description="All others.")
    histogram: Histogram | None
    bandwidth: float | None
    density: Curve | None
    peaks: list[float] | None
    ecdf: Shares | None
    families: list[Family] | None = Field(description="By rising AIC.")
    best: str | None
    bimodality: float | None
    last_digits: LastDigits | None
    round_share: float | None
    notes: dict[str, Note]


class DistributionResult(Result):
    """The numeric columns."""

    task_id: str = "eda_distribution"
    schema_version: int = 1
    rows: int
    columns: list[Distribution] = Field(description="In the table's order.")
    methods: dict[str, str] = Field(description="How figures were computed where more than one way is common.")
    charts: list[Chart] = Field(description="Vega-Lite v5: density, histogram and shares of the first columns.")


def looked_at(schemas: Schemas, params: DistributionParams) -> tuple[str, ...]:
    """The numeric columns among the chosen ones."""
    return numeric(schemas["df"], chosen(schemas["df"], params.columns))


def parts(schemas: Schemas, params: DistributionParams) -> Sequence[Part]:
    """Parts of columns."""
    key = f"eda_distribution {VERSION} bins {params.bins} grid {params.grid} seed {params.seed}"
    cost = partial(costs.Costs(schemas["df"]).of, costs.DISTRIBUTION)
    return column_parts(looked_at(schemas, params), shared=key, cost=cost)


def compute(tables: Tables, part: Part, params: DistributionParams) -> Section:
    """`{columns: […]}`."""
    from analyzer.analyses.figures.shape import shape
    from analyzer.analyses.relations.table import doubles

    columns = [tables["df"].column(name) for name in part.columns]
    found = [shape(doubles(column), params.bins, params.grid, params.seed) for column in columns]
    return Section(part.name, {"columns": [{"name": n, **one} for n, one in zip(part.columns, found, strict=True)]})


def merge(sections: Sequence[Section], schemas: Schemas, params: DistributionParams) -> DistributionResult:
    """All columns in the table's order."""
    columns = [column for section in sections for column in section.data["columns"]]
    charts = []
    for place, column in enumerate(columns[:MAX_CHARTED]):
        name, seen, smooth, shares = column["name"], column["histogram"], column["density"], column["ecdf"]
        if smooth:
            spec = curve(name, smooth["x"], smooth["y"], label="density")
            charts.append(Chart(f"density-{place}", name, spec))
        if seen:
            charts.append(Chart(f"histogram-{place}", name, histogram(name, seen["edges"], seen["counts"])))
            spec = curve(name, shares["x"], shares["share"], label="share", step=True)
            charts.append(Chart(f"ecdf-{place}", name, spec))
    return DistributionResult(rows=schemas["df"].rows, columns=columns, methods=METHODS, charts=charts)


PROGRAM = """
import numpy as np
from scipy import stats


def shares(line):
    points = np.unique(line)
    if len(points) > 201:
        points = np.unique(line[np.round(np.linspace(0, len(line) - 1, 201)).astype(int)])
    share = np.searchsorted(line, points, side="right") / len(line)
    return {"x": points.tolist(), "share": share.tolist()}


def family(name, x, **fixed):
    fitted = getattr(stats, name)
    arguments = fitted.fit(x, **fixed)
    likelihood = fitted.logpdf(x, *arguments).sum()
    names = ["s", "loc", "scale"] if name == "lognorm" else ["loc", "scale"]
    parameters = {key: value for key, value in zip(names, arguments) if f"f{key}" not in fixed}
    return {"parameters": parameters, "log_likelihood": likelihood, "aic": 4 - 2 * likelihood}


found = {}
for name in columns:
    x = df[name].astype("float64").replace([np.inf, -np.inf], np.nan).dropna().sort_values()
    n, line = len(x), x.to_numpy()
    found[name] = {"count": n, "missing": len(df) - n}
    if n:
        found[name]["ecdf"] = shares(line)
    if x.nunique() > 1 and n >= 4:
        peakedness = x.kurt() + 3 * (n - 1) ** 2 / ((n - 2) * (n - 3))
        found[name]["bimodality"] = (x.skew() ** 2 + 1) / peakedness
    if x.nunique() > 1 and n >= 20:
        few = line if n <= 10_000 else np.random.default_rng(seed).choice(line, 10_000, replace=False)
        fits = {each: family(each, few) for each in ("norm", "uniform", "expon", "laplace")}
        found[name]["families"] = fits | ({"lognorm": family("lognorm", few, floc=0)} if few.min() > 0 else {})
    if x.nunique() > 1:
        kde = stats.gaussian_kde(x)
        points = np.linspace(x.min(), x.max(), grid)
        y = kde(points)
        found[name]["density"] = {"x": points.tolist(), "y": np.where(y < 1e-12 * y.max(), 0, y).tolist()}
        found[name]["bandwidth"] = kde.factor * x.std()
result = {"rows": len(df), "columns": found}
"""


def recipe(schemas: Schemas, params: DistributionParams) -> str:
    """Densities, shares and the families that have a closed form, by scipy."""
    return program(PROGRAM, looked_at(schemas, params), grid=params.grid, seed=params.seed)


analysis = Analysis(
    id="eda_distribution",
    title="Distribution",
    page=__doc__ or "",
    params=DistributionParams,
    result=DistributionResult,
    parts=parts,
    compute=compute,
    merge=merge,
    recipe=recipe,
    version=VERSION,
)
