"""
Everything the catalogue says of one table, in one run, cheapest first.

The result holds that of each analysis under its id, exactly as a run of that analysis alone gives it with the same
`columns`, `seed` and `as_of` and its other parameters as they are by default: the page of each tells what its figures
mean. What several of them need is computed once, and what an earlier run on the same dataset has computed is not
computed again. `compare_drift`, which needs a second dataset, is left out.

The parts of a quick analysis come before those of a slow one, so the first section is there at once: overview and
summary, then missing values, duplicates and quality, then what compares columns with each other, then what fits and
searches, and values in time.

## The same in pandas

Each analysis of the result has code of its own: start it by itself and ask for `/code`.
"""

import importlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from pydantic import AwareDatetime, Field, create_model

from analyzer.analyses.families import table_of_families
from analyzer.registry import Analysis, Chart, Params, Part, Result, Schemas, Section, Tables

ORDER = (
    *("eda_overview", "eda_schema", "eda_statistical_summary", "quality_missing", "quality_duplicates"),
    *("eda_data_quality", "eda_correlation", "eda_association", "quality_outliers", "eda_distribution", "ts_overview"),
)
"""Cheapest first."""

MAX_CHARTS = 96
APART = ": "


def _members() -> dict[str, Analysis[Any, Any]]:
    places = table_of_families()
    found = {}
    for task_id in ORDER:
        if task_id in places:
            module, _, attribute = places[task_id].partition(":")
            found[task_id] = getattr(importlib.import_module(module), attribute)
    return found


MEMBERS = _members()


class FullParams(Params):
    """What all of the analyses take."""

    columns: list[str] | None = Field(None, description="Only these columns. None: all.")
    seed: int = Field(0, ge=0, description="Chooses the rows where only a sample is looked at.")
    as_of: AwareDatetime | None = Field(None, description="Later moments are future ones. None: when the run starts.")

    def of(self, member: Analysis[Any, Any]) -> Params:
        """The parameters of one of the analyses."""
        given = {name: value for name, value in self.model_dump().items() if name in member.params.model_fields}
        params: Params = member.params.model_validate(given)
        return params


OF_EACH: dict[str, Any] = {task_id: (member.result, ...) for task_id, member in MEMBERS.items()}

Results = create_model(
    "Results",
    __base__=Result,
    __doc__="The result of each analysis by its id.",
    **OF_EACH,
)


class FullResult(Result):
    """All of them."""

    task_id: str = "eda_full"
    schema_version: int = 1
    rows: int
    results: Results = Field(description="By task id, in the order in which they are computed.")
    methods: dict[str, str] = Field(description="None of its own: each result has its own.")
    charts: list[Chart] = Field(description="Those of the results, their names after the task id.")


def parts(schemas: Schemas, params: FullParams) -> Sequence[Part]:
    """Those of the analyses, each under its task id."""
    return [part for _, part in _parts(schemas, params)]


def _parts(schemas: Schemas, params: FullParams) -> Iterator[tuple[str, Part]]:
    for task_id, member in MEMBERS.items():
        yield from ((task_id, _named(task_id, part)) for part in member.parts(schemas, params.of(member)))


def _named(task_id: str, part: Part) -> Part:
    # Not by `replace`, which looks at every field by name: there are thousands of parts.
    needs = tuple([_named(task_id, need) for need in part.needs])
    return Part(f"{task_id}{APART}{part.name}", part.columns, part.shared, needs, part.given, part.cost, part.attaches)


def compute(tables: Tables, part: Part, params: FullParams) -> Section:
    """As the analysis itself does it."""
    task_id, _, name = part.name.partition(APART)
    member = MEMBERS[task_id]
    section: Section = member.compute(tables, replace(part, name=name), params.of(member))
    return replace(section, name=part.name)


def merge(sections: Sequence[Section], schemas: Schemas, params: FullParams) -> FullResult:
    """As the analyses themselves do it, each with its own sections."""
    own: dict[str, list[Section]] = {task_id: [] for task_id in MEMBERS}
    for (task_id, part), section in zip(_parts(schemas, params), sections, strict=True):
        own[task_id].append(replace(section, name=part.name.removeprefix(task_id + APART)))
    results = {task_id: member.merge(own[task_id], schemas, params.of(member)) for task_id, member in MEMBERS.items()}
    charts = [
        Chart(f"{task_id.replace('_', '-')}-{chart.name}", chart.title, chart.spec)
        for task_id, result in results.items()
        for chart in getattr(result, "charts", ())
    ]
    return FullResult(rows=schemas["df"].rows, results=results, methods={}, charts=charts[:MAX_CHARTS])


def settle(params: FullParams) -> FullParams:
    """The moment from which data quality would look, where none is given."""
    quality = MEMBERS["eda_data_quality"]
    return params if params.as_of else params.model_copy(update={"as_of": quality.settle(params.of(quality)).as_of})


analysis = Analysis(
    id="eda_full",
    title="Everything",
    page=__doc__ or "",
    params=FullParams,
    result=FullResult,
    parts=parts,
    compute=compute,
    merge=merge,
    settle=settle,
    version=sum(member.version for member in MEMBERS.values()),
)
