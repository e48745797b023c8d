"""From a reply to a value: what the model chose is computed in slots, what it wrote in the jail, both are checked."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from analyzer.analyses.ask.results import Check, Step
from analyzer.ask.checks import agrees, columns_used, digest, digest_of, figures_meant
from analyzer.ask.computing import Computing, picked
from analyzer.ask.replies import Reply
from analyzer.errors import AnalyzerError, ModelInvalid, ResultInvalid
from analyzer.executors.jail import Hear
from analyzer.foreign import ForeignCode
from analyzer.liverun import LiveRun

KINDS = {"ask_chart": ("chart",), "ask_transform": ("table",), "ask_question": ("value", "text", "table", "chart")}


@dataclass
class Found:
    """What a reply came to."""

    outcome: str = "answered"
    answer: str | None = None  # where there is no value
    value: Any = None
    rows: int | None = None
    charts: list[dict[str, Any]] = field(default_factory=list)
    saved: dict[str, Any] | None = None
    options: list[str] = field(default_factory=list)
    analysis: Step | None = None
    figure: list[str | int] | None = None
    code: str | None = None
    columns_used: dict[str, list[str]] = field(default_factory=dict)
    checks: list[Check] = field(default_factory=list)


@dataclass(frozen=True)
class Workbench:
    """The tables of one run, and what can be done with them."""

    task_id: str
    save_as: str | None
    live: LiveRun
    summaries: Mapping[str, Mapping[str, Any]]
    computing: Computing
    foreign: ForeignCode
    hear: Hear

    async def follow(self, reply: Reply) -> Found:
        """Do what the reply says. Raises the AnalyzerError that speaks against it."""
        if reply.code is not None:
            return await self._run(reply.code)
        document = reply.document or {}
        if isinstance(document.get("unclear"), str):
            options = [str(one) for one in document.get("options") or [] if isinstance(one, str | int | float)]
            return Found("unclear", document["unclear"], options=options[:20])
        if isinstance(document.get("cannot"), str):
            return Found("impossible", document["cannot"])
        if "use" in document and self.task_id == "ask_question":
            return await self._analyse(document)
        raise ModelInvalid("Your reply has neither code in a fence marked python nor one of the JSON forms.")

    async def _analyse(self, document: Mapping[str, Any]) -> Found:
        task_id, params, figure = str(document["use"]), document.get("params") or {}, document.get("figure")
        table = document.get("table") if document.get("table") in self.live.tables else "df"
        before = await digest([self.live.tables[str(table)]])
        result = await self.computing.result(self.live, task_id, params, str(table))
        value = picked(result, figure)
        step = Step(task_id=task_id, params=params)
        await self.hear("result.section", {"section": "analysis", "data": step.model_dump(mode="json")})
        same = await digest([self.live.tables[str(table)]]) == before
        names = [str(one) for one in params.get("columns") or [] if isinstance(one, str)] or [
            one for one in figure or [] if one in self.live.shapes[str(table)].names
        ]
        return Found(
            value=value,
            analysis=step,
            figure=figure,
            columns_used={str(table): names},
            checks=[_unchanged(same), Check(check="catalogue", passed=True, detail="The value is the catalogue's.")],
        )

    async def _run(self, code: str) -> Found:
        before = await digest(self.live.tables.values())
        first = await self._jailed(code, None, self.hear)
        self._refuse_kind(first)
        again, why, failed = first, "", None
        try:
            again = await self._jailed(code, self.save_as, _nobody)
        except AnalyzerError as failure:
            failed = failure
            if self.save_as is not None:
                raise
        if failed is not None:
            why = "Run again, the code failed."
        elif digest_of(first) != digest_of(again):
            why = "Run again, the code gave something else."
        checks = [
            _unchanged(await digest(self.live.tables.values()) == before),
            Check(check="again", passed=not why, detail=why or "Run again in a fresh jail, the code gave the same."),
        ]
        found = Found(code=code, checks=checks, saved=again.get("saved"))
        found.columns_used = columns_used(code, {name: shape.names for name, shape in self.live.shapes.items()})
        self._take_value(found, again)
        found.checks += self._cross_checks(code, found.value)
        for chart in found.charts:
            await self.hear("chart", chart)
        return found

    async def _jailed(self, code: str, save_as: str | None, hear: Hear) -> dict[str, Any]:
        params = {"code": code, "save_as": save_as}
        result: dict[str, Any] = json.loads(await self.foreign.run(params, self.live.tables, self.live.principal, hear))
        return result

    def _refuse_kind(self, result: Mapping[str, Any]) -> None:
        kinds = KINDS[self.task_id]
        if result["kind"] == "text" and not (result["text"] or "").strip():
            raise ResultInvalid("The code gave nothing back: assign the answer to result.")
        if result["kind"] not in kinds:
            raise ResultInvalid(f"The result is of kind {result['kind']}, and a {kinds[0]} was asked for.")

    @staticmethod
    def _take_value(found: Found, result: Mapping[str, Any]) -> None:
        match result["kind"]:
            case "table":
                names = [column["name"] for column in result["table"]["columns"]]
                found.value = [dict(zip(names, row, strict=True)) for row in result["table"]["rows"]]
                found.rows = result["table"]["total"]
            case "chart":
                found.charts = result["charts"]
            case kind:
                found.value = result[kind]

    def _cross_checks(self, code: str, value: Any) -> list[Check]:
        """Numbers that the catalogue has a figure for. Raises ModelInvalid when one is not that figure."""
        rows = {name: shape.rows for name, shape in self.live.shapes.items()}
        checks = []
        for key, figure in figures_meant(code, self.summaries, rows).items():
            number = value.get(key) if key and isinstance(value, dict) else value
            if not agrees(number, figure):
                raise ModelInvalid("The value is not the figure that the catalogue has for the same thing.")
            checks.append(
                Check(check="catalogue", passed=True, detail=f"{key or 'The value'} is the catalogue's figure.")
            )
        return checks


def _unchanged(same: bool) -> Check:
    return Check(check="input", passed=same, detail="The data is the same as before." if same else "The data changed.")


async def _nobody(kind: str, members: dict[str, Any]) -> None:
    """Hears the code that is run again, which has nothing new to say."""
