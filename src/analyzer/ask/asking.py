"""Runs of the `ask_` analyses, from the question to the answer."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from analyzer.admission import Admission
from analyzer.analyses.ask.results import Answer, Attempt, Check, Step, Turn
from analyzer.ask.checks import strangers
from analyzer.ask.computing import SUMMARY, Computing
from analyzer.ask.exchange import Exchange, kept_calls
from analyzer.ask.ledger import Ledger
from analyzer.ask.profile import MOST_COLUMNS, profile
from analyzer.ask.prompts import prompt, repair
from analyzer.ask.replies import Reply
from analyzer.ask.sentences import sentence
from analyzer.ask.solving import Found, Workbench
from analyzer.ask.turns import Turns
from analyzer.ask.withholding import figures_of, whole, withheld
from analyzer.blobs.base import Blobs
from analyzer.errors import (
    AnalyzerError,
    CodeError,
    CpuLimit,
    DoesNotFit,
    InvalidParameters,
    MemoryLimit,
    ModelInvalid,
    OutputLimit,
    ResultInvalid,
    ResultTooLarge,
    RunTimeout,
    UnknownTask,
)
from analyzer.executors.base import Executor, Lane, ReadRows
from analyzer.executors.jail import Hear
from analyzer.foreign import ForeignCode
from analyzer.liverun import LiveRun
from analyzer.llm import opened
from analyzer.llm.base import Message
from analyzer.llm.calling import Caller, Patience
from analyzer.models import RowsWanted
from analyzer.registry import Params, Registry
from analyzer.scheduler import Scheduler
from analyzer.settings import Settings
from analyzer.sharing import SharedSections
from analyzer.state.base import State

MAX_REPAIRS = 3
SAMPLE_ROWS = 5
REPAIRABLE = (
    *(CodeError, CpuLimit, MemoryLimit, OutputLimit, ResultInvalid, ResultTooLarge, RunTimeout),
    *(InvalidParameters, UnknownTask, DoesNotFit, ModelInvalid),
)
"""What is sent back to the model. A crash is not: nobody tries again what killed its process."""


class Asking:
    """Asks one model, which is opened when somebody asks first."""

    def __init__(
        self, settings: Settings, computing: Computing, foreign: ForeignCode, blobs: Blobs, turns: Turns
    ) -> None:
        self._settings = settings
        self._computing = computing
        self._foreign = foreign
        self._blobs = blobs
        self._turns = turns
        self._ledger = Ledger(settings, blobs)
        self._caller: Caller | None = None

    @classmethod
    def of(
        cls,
        settings: Settings,
        catalogue: Registry,
        executor: Executor,
        scheduler: Scheduler,
        shared: SharedSections,
        foreign: ForeignCode,
        state: State,
        blobs: Blobs,
    ) -> Self:
        """What asks, made of what it asks with."""
        computing = Computing(catalogue, executor, scheduler, shared, Admission.of(settings), settings.max_result_bytes)
        return cls(settings, computing, foreign, blobs, Turns(state, blobs))

    async def admit(self, params: Params, file_id: str, principal: str) -> None:
        """Raises ModelNotConfigured, BudgetExhausted, and what is wrong with the turn or the run that is spoken of."""
        model = self._open().provider.capabilities.model
        await self._ledger.admit(principal, model)
        told = params.model_dump()
        await self._turns.before(told["conversation_id"], told["after"], principal)
        if "run_id" in told:
            explained = await self._turns.completed(told["run_id"], principal)
            if explained.run.file_id != file_id:
                raise InvalidParameters(
                    "The run was made on another dataset.",
                    errors=[
                        {"pointer": "/params/run_id", "detail": f"Ask about it with file_id {explained.run.file_id}."}
                    ],
                )

    async def run(self, live: LiveRun, hear: Hear) -> bytes:
        """The answer as JSON. Raises what the question came to instead, with the `attempts` made."""
        params, principal = live.run.params, live.principal
        turn = await self._turns.before(params["conversation_id"], params["after"], principal)
        conversation_id, said = await self._turns.said(turn, principal)
        settings = self._settings
        exchange = Exchange(
            *(self._open(), self._ledger, self._blobs, live.id, principal, hear),
            *(settings.llm_streaming, settings.ask_run_tokens, said),
        )
        asked = Asked(live, hear, exchange, conversation_id or live.id, turn.run.id if turn else None)
        attempts: list[Attempt] = []
        try:
            answer = await self._answered(asked, attempts)
        except AnalyzerError as failure:
            told = [attempt.model_dump(mode="json") for attempt in attempts]
            code = next((attempt.code for attempt in reversed(attempts) if attempt.code), None)
            raise type(failure)(failure.detail, **(failure.more | {"attempts": told, "code": code})) from failure
        await hear(
            "result.section", {"section": "answer", "data": {"answer": answer.answer, "verified": answer.verified}}
        )
        return answer.model_dump_json().encode()

    async def prompts(self, run_id: str) -> bytes:
        """What was sent to a model in this run: `{calls: [...]}` as JSON."""
        return b'{"calls":[%s]}' % b",".join(await kept_calls(self._blobs, run_id))

    async def aclose(self) -> None:
        if self._caller is not None:
            await self._caller.aclose()

    def _open(self) -> Caller:
        if self._caller is None:
            patience = Patience(self._settings.llm_silence_seconds, self._settings.llm_timeout_seconds)
            self._caller = Caller(opened(self._settings), patience, self._settings.llm_max_calls)
        return self._caller

    async def _answered(self, asked: "Asked", attempts: list[Attempt]) -> Answer:
        live, task_id = asked.live, asked.live.run.task_id
        if task_id == "ask_explain":
            return await self._explained(asked)
        summaries = await self._summaries(live)
        tables = await self._told_tables(live, summaries)
        asked.exchange.messages.append(
            Message("user", prompt(task_id, asked.question, tables, self._computing.described()))
        )
        save_as = live.run.params.get("save_as") if task_id == "ask_transform" else None
        bench = Workbench(
            *(task_id, save_as, live, summaries, self._computing, self._foreign, asked.hear),
        )
        while True:
            reply = await asked.exchange.reply()
            try:
                found, plan = (
                    await self._planned(live, reply) if task_id == "ask_plan" else (await bench.follow(reply), [])
                )
            except REPAIRABLE as failure:
                attempts.append(_attempt(reply, failure))
                await asked.hear("result.section", {"section": "attempt", "data": attempts[-1].model_dump(mode="json")})
                if len(attempts) > MAX_REPAIRS:
                    raise _final(failure) from failure
                asked.exchange.say(repair(self._told_failure(failure, reply, live)))
            else:
                attempts.append(_attempt(reply, None))
                return asked.answer(found, reply, attempts, plan)

    def _told_failure(self, failure: AnalyzerError, reply: Reply, live: LiveRun) -> str:
        names = [name for shape in live.shapes.values() for name in shape.names]
        harmless = isinstance(failure, ModelInvalid | InvalidParameters | UnknownTask | DoesNotFit)
        if live.run.params["share"] == "samples" or harmless:
            return f"{failure.detail} {failure.more.get('hint') or ''}".strip()
        return withheld(failure, reply.code or "", names)

    async def _planned(self, live: LiveRun, reply: Reply) -> tuple[Found, list[Step]]:
        document = reply.document or {}
        steps = document.get("plan")
        if not isinstance(steps, list) or not steps:
            raise ModelInvalid("Your reply has no plan: JSON with a list called plan.")
        plan = []
        for step in steps:
            if not isinstance(step, dict):
                raise ModelInvalid("Every step of the plan is an object with task_id, params and why.")
            task_id, params = str(step.get("task_id")), step.get("params") or {}
            await self._computing.checked(task_id, params, live.shapes["df"])
            plan.append(Step(task_id=task_id, params=params, why=str(step.get("why", ""))))
        lines = "; ".join(f"{step.task_id}: {step.why}" if step.why else step.task_id for step in plan)
        return Found(
            answer=lines, checks=[Check(check="catalogue", passed=True, detail="Every step can be run.")]
        ), plan

    async def _explained(self, asked: "Asked") -> Answer:
        result = await self._turns.result(asked.live.run.params["run_id"])
        shared = asked.live.run.params["share"] == "samples"
        told = whole(result) if shared else figures_of(result, self._settings.ask_min_group)
        asked.exchange.messages.append(Message("user", prompt("ask_explain", asked.question, told, "")))
        reply = await asked.exchange.reply()
        if not reply.prose:
            raise ModelInvalid("The model explained nothing.")
        unknown = strangers(reply.prose, told)
        detail = f"Not in the result: {', '.join(unknown[:10])}." if unknown else "Every number stands in the result."
        found = Found(answer=reply.prose, checks=[Check(check="numbers", passed=not unknown, detail=detail)])
        return asked.answer(found, reply, [_attempt(reply, None)], [])

    async def _summaries(self, live: LiveRun) -> dict[str, Mapping[str, Any]]:
        """What the catalogue says of the first columns of every table."""
        found: dict[str, Mapping[str, Any]] = {}
        for name in live.tables:
            columns = {"columns": list(live.shapes[name].names[:MOST_COLUMNS])}
            found[name] = await self._computing.result(live, SUMMARY, columns, name)
        return found

    async def _told_tables(self, live: LiveRun, summaries: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
        told = {}
        for name, shape in live.shapes.items():
            told[name] = profile(name, shape.rows, tuple(shape.names), summaries[name], self._settings.ask_min_group)
            if live.run.params["share"] == "samples":
                page = await self._computing.executor.call(
                    ReadRows(live.tables[name], RowsWanted(limit=SAMPLE_ROWS)), Lane.PAGES
                )
                told[name]["first_rows"] = json.loads(page)["rows"]
        return told


@dataclass(frozen=True)
class Asked:
    """One question on its way."""

    live: LiveRun
    hear: Hear
    exchange: Exchange
    conversation_id: str
    after: str | None

    @property
    def question(self) -> str:
        return str(self.live.run.params["question"])

    def answer(self, found: Found, reply: Reply, attempts: list[Attempt], plan: list[Step]) -> Answer:
        """All that is known, put together."""
        told = self.exchange.caller.provider.capabilities
        text, warning = found.answer, None
        if text is None:
            spoken = found.rows if self.live.run.task_id == "ask_transform" else found.value
            if found.charts:
                text = reply.sentence or f"A chart: {found.charts[0]['title']}."
            else:
                text, warning = sentence(reply.sentence, spoken, self.question)
        why = [check.detail for check in found.checks if not check.passed]
        if found.outcome != "answered":
            why = ["There is no answer to verify."]
        shapes = self.live.shapes
        rows = {name: shapes[name].rows for name in found.columns_used}
        return Answer(
            task_id=self.live.run.task_id,
            question=self.question,
            outcome=found.outcome,
            answer=text,
            value=found.value,
            rows=found.rows,
            options=found.options,
            analysis=found.analysis,
            figure=found.figure,
            plan=plan,
            code=found.code,
            charts=found.charts,
            saved=found.saved,
            columns_used=found.columns_used,
            rows_used=rows,
            attempts=attempts,
            provider=told.provider,
            model=told.model,
            tokens=self.exchange.tokens,
            cost=self.exchange.cost,
            warnings=[warning] if warning else [],
            verified=not why,
            not_verified=f"not verified: {' '.join(why)}" if why else None,
            checks=found.checks,
            conversation=Turn(conversation_id=self.conversation_id, turn=self.live.id, after=self.after),
            conversation_id=self.conversation_id,
            said=reply.text,
        )


def _attempt(reply: Reply, failure: AnalyzerError | None) -> Attempt:
    document = reply.document or {}
    chosen = {"task_id": document["use"], "params": document.get("params") or {}} if "use" in document else None
    if failure is None:
        return Attempt(code=reply.code, analysis=chosen)
    return Attempt(code=reply.code, analysis=chosen, error=failure.detail, error_code=failure.code)


def _final(failure: AnalyzerError) -> AnalyzerError:
    """What the run ends with when repairs are used up: the code's own error, or that the replies are of no use."""
    if isinstance(failure, ModelInvalid | InvalidParameters | UnknownTask):
        return ModelInvalid(f"{MAX_REPAIRS + 1} replies were of no use. The last one: {failure.detail}")
    return failure
