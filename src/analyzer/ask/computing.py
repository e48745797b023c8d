"""Analyses of the catalogue as a question uses them: to know the tables, and to answer."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from analyzer.admission import Admission
from analyzer.errors import InvalidParameters, field_errors
from analyzer.executors.base import ComputePart, EncodedSection, Executor, MergeSections
from analyzer.executors.insisting import insist
from analyzer.liverun import LiveRun
from analyzer.models import TableSchema
from analyzer.planning import planned
from analyzer.registry import Analysis, Part, Place, Registry, no_further_tables
from analyzer.scheduler import Scheduler
from analyzer.sharing import SharedSections

import pydantic  # isort: skip

SUMMARY = "eda_statistical_summary"


@dataclass(frozen=True)
class Computing:
    """Runs an analysis on one table, in the slots, and returns its result.

    Its parts wait for their slots beside those of everybody's runs, and count as the question's principal's.
    """

    catalogue: Registry
    executor: Executor
    scheduler: Scheduler
    shared: SharedSections
    admission: Admission
    max_result_bytes: int

    async def checked(self, task_id: str, params: Any, shape: TableSchema) -> tuple[dict[str, Any], tuple[Part, ...]]:
        """The parameters and parts of such a run. Raises UnknownTask, InvalidParameters, DoesNotFit."""
        analysis = self.catalogue.find(task_id)
        try:
            valid = analysis.params.model_validate(params)
        except pydantic.ValidationError as failure:
            errors = field_errors(failure.errors(), "/params")
            raise InvalidParameters(f"{task_id}: {errors[0]['pointer']}: {errors[0]['detail']}") from None
        if analysis.place is not Place.SLOT or analysis.further(valid):
            raise InvalidParameters(f"{task_id} cannot be used here: it is no analysis of one table.")
        parts = await planned(analysis, {"df": shape}, valid)
        await self.admission.admit(analysis, valid, {"df": shape}, parts)
        return valid.model_dump(mode="json"), parts

    async def result(self, live: LiveRun, task_id: str, params: Any, table: str) -> dict[str, Any]:
        """Of this table of the run. Raises what `checked` raises, and what a run of that analysis may end with."""
        shape = live.shapes[table]
        valid, parts = await self.checked(task_id, params, shape)
        places = asyncio.Semaphore(max(1, self.executor.counts().total))
        sections = dict.fromkeys(range(len(parts)), None)

        async def take(number: int, part: Part) -> None:
            async with places:
                sections[number] = await self._section(live, task_id, valid, live.tables[table], part)

        try:
            async with asyncio.TaskGroup() as group:
                for number, part in enumerate(parts):
                    group.create_task(take(number, part))
        except ExceptionGroup as failures:
            raise failures.exceptions[0] from None
        done = tuple(section for section in sections.values() if section is not None)
        work = MergeSections(task_id, valid, {"df": shape}, done, self.max_result_bytes)
        merged: dict[str, Any] = json.loads(await self._work(live, work))
        return merged

    def described(self) -> str:
        """The analyses that may be chosen, for a prompt."""
        found: list[Analysis[Any, Any]] = [self.catalogue.find(task_id) for task_id in self.catalogue.ids()]
        usable = [one for one in found if one.place is Place.SLOT and one.further is no_further_tables]
        return "; ".join(f"{one.id} ({one.title}; params: {', '.join(one.params.model_fields)})" for one in usable)

    async def _section(
        self, live: LiveRun, task_id: str, params: dict[str, Any], path: str, part: Part
    ) -> EncodedSection:
        compute = partial(self._compute, live, task_id, params, path, part)
        if not part.shared:
            return await compute()
        return replace(await self.shared.get((path, part.shared, part.columns), compute), name=part.name)

    async def _compute(
        self, live: LiveRun, task_id: str, params: dict[str, Any], path: str, part: Part
    ) -> EncodedSection:
        given = tuple([await self._section(live, task_id, params, path, need) for need in part.needs])
        work = ComputePart(
            task_id, params, {"df": path}, replace(part, needs=(), cost=None), given, max_bytes=self.max_result_bytes
        )
        section: EncodedSection = await self._work(live, work)
        return section

    async def _work(self, live: LiveRun, work: ComputePart | MergeSections) -> Any:
        async with self.scheduler.slot(live.principal):
            return await insist(self.executor, work, live.allowance)


def picked(result: Mapping[str, Any], figure: Any) -> Any:
    """The figure at this place of a result; a step into a list of named things is a name. Raises InvalidParameters."""
    found: Any = result
    steps: list[Any] = figure if isinstance(figure, list) and figure else [None]
    for step in steps:
        within = isinstance(step, int) and isinstance(found, list) and -len(found) <= step < len(found)
        if within or (isinstance(found, Mapping) and step in found):
            found = found[step]
        elif isinstance(found, list) and (named := [one for one in found if _name(one) == step]):
            found = named[0]
        else:
            raise InvalidParameters(f"The result has nothing at figure {figure!r}.")
    return found


def _name(one: Any) -> Any:
    return one.get("name") if isinstance(one, Mapping) else None
