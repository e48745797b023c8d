"""A wish for a run, looked at before it becomes one."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import pydantic

from analyzer.admission import Admission
from analyzer.desk import Desk, Plan
from analyzer.errors import AnalyzerError, Interrupted, InvalidParameters, field_errors
from analyzer.executors.jail import JailExecutor
from analyzer.models import Run, TableSchema, Wish
from analyzer.planning import planned
from analyzer.registry import Analysis, Params, Part, Place, Registry
from analyzer.shelf import Shelf

AdmitToLoop = Callable[[Params, str, str], Awaitable[None]]
"""Of a run in the loop, with these parameters, on this dataset, for this principal: raises why it cannot be."""


class Intake:
    """Finds the analysis and the tables, checks the parameters, and hands what holds to the desk."""

    def __init__(
        self,
        catalogue: Registry,
        shelf: Shelf,
        jail: JailExecutor,
        admit_to_loop: AdmitToLoop,
        admission: Admission,
        desk: Desk,
    ) -> None:
        self._catalogue = catalogue
        self._shelf = shelf
        self._jail = jail
        self._admit_to_loop = admit_to_loop
        self._admission = admission
        self._desk = desk

    async def submit(self, file_id: str, task_id: str, params: Mapping[str, Any], principal: str, wish: Wish) -> Run:
        """Begin a run. Raises UnknownTask, UnknownDataset, InvalidParameters, DoesNotFit, JailUnavailable, Busy."""
        async with self._plan(file_id, task_id, params, principal) as plan:
            if plan.analysis.place is Place.JAIL:
                await self._jail.admit()
            elif plan.analysis.place is Place.LOOP:
                await self._admit_to_loop(plan.params, file_id, principal)
            await self._admission.admit(plan.analysis, plan.params, plan.shapes, plan.parts)
            return await self._desk.begin(plan, file_id, principal, wish)

    async def recover(self) -> None:
        """Take up the runs that the last server left without an end, and end those that cannot go on."""
        for owned in await self._desk.left_over():
            run = owned.run
            try:
                async with self._plan(run.file_id, run.task_id, run.params, owned.principal) as plan:
                    await self._desk.take_up(owned, plan)
            except Interrupted as known:
                await self._desk.give_up(owned, known.detail)
            except AnalyzerError as failure:
                await self._desk.give_up(owned, f"The server stopped, and the run cannot go on: {failure.detail}")

    @asynccontextmanager
    async def _plan(self, file_id: str, task_id: str, params: Mapping[str, Any], principal: str) -> AsyncIterator[Plan]:
        """What the run would be; its tables stay as long as the context lasts."""
        analysis = self._catalogue.find(task_id)
        async with AsyncExitStack() as opened:
            found = {"df": await opened.enter_async_context(self._shelf.table(file_id, principal))}
            checked = analysis.settle(_check(analysis, params))
            for name, further in analysis.further(checked).items():
                found[name] = await opened.enter_async_context(self._shelf.table(further, principal))
            shapes = {name: one.dataset.shape for name, one in found.items()}
            tables = {name: one.path for name, one in found.items()}
            parts = await _split(analysis, shapes, checked)
            yield Plan(analysis, checked, parts, tables, shapes, [one.key for one in found.values()])


def _check(analysis: Analysis[Any, Any], params: Mapping[str, Any]) -> Params:
    try:
        checked: Params = analysis.params.model_validate(params)
    except pydantic.ValidationError as failure:
        errors = field_errors(failure.errors(), "/params")
        first = f"{errors[0]['pointer']}: {errors[0]['detail']}"
        raise InvalidParameters(f"The parameters of {analysis.id!r} are not valid. {first}", errors=errors) from None
    return checked


async def _split(analysis: Analysis[Any, Any], shapes: Mapping[str, TableSchema], params: Params) -> Sequence[Part]:
    """The parts of a run. What an analysis refuses about its parameters is told of the request they came in."""
    try:
        return await planned(analysis, shapes, params)
    except InvalidParameters as failure:
        errors = [error | {"pointer": "/params" + error["pointer"]} for error in failure.more.get("errors", ())]
        raise InvalidParameters(failure.detail, **(failure.more | {"errors": errors})) from None
