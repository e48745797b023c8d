"""What comes of a question."""

from typing import Any, Literal

from pydantic import Field

from analyzer.analyses.code.results import CodeChart, Saved
from analyzer.models.base import Frozen
from analyzer.registry import Result


class Attempt(Frozen):
    """What the model wrote, and what was wrong with it."""

    code: str | None = None
    analysis: dict[str, Any] | None = Field(None, description="`task_id` and `params` of an analysis it chose.")
    error: str | None = Field(None, description="None: it worked.")
    error_code: str | None = None


class Check(Frozen):
    """One thing that was looked at before the answer was given."""

    check: Literal["input", "again", "catalogue", "numbers"]
    passed: bool
    detail: str


class Step(Frozen):
    """An analysis to run, and why."""

    task_id: str
    params: dict[str, Any] = Field({})
    why: str = ""


class Tokens(Frozen):
    """What the model read and wrote, all calls of the run together."""

    calls: int
    input: int
    output: int
    estimated: bool = Field(description="The provider did not count, so the length was taken.")


class Turn(Frozen):
    """Where this stands in its conversation."""

    conversation_id: str = Field(description="Give it with the next question to go on.")
    turn: str = Field(description="This run. Give it as `after` to go on from here.")
    after: str | None = Field(None, description="The turn before this one.")


class Answer(Result):
    """An answer, and everything one needs to trust it or not."""

    task_id: str
    schema_version: int = 1
    question: str
    outcome: Literal["answered", "unclear", "impossible"]
    answer: str = Field(description="A sentence; why not, where there is no answer.")
    value: Any = Field(None, description="What was computed: a number, a text, a dict, or a table as a list of rows.")
    rows: int | None = Field(None, description="How many rows the whole table has, where `value` is one.")
    options: list[str] = Field([], description="What the question might have meant, where it is unclear.")
    analysis: Step | None = Field(None, description="The analysis of the catalogue that the value comes from.")
    figure: list[str | int] | None = Field(None, description="Where in its result the value stands.")
    plan: list[Step] = Field([], description="Of `ask_plan`: what to run.")
    code: str | None = Field(None, description="The Python that the value comes from.")
    charts: list[CodeChart] = Field([])
    saved: Saved | None = Field(None, description="Of `ask_transform`: the new dataset.")
    columns_used: dict[str, list[str]] = Field({}, description="By table.")
    rows_used: dict[str, int] = Field({}, description="By table: how many rows it has.")
    attempts: list[Attempt] = Field([])
    provider: str
    model: str
    tokens: Tokens
    cost: float | None = Field(None, description="By the prices of the settings. None: they have none for this model.")
    warnings: list[str] = Field([])
    verified: bool
    not_verified: str | None = Field(description="Why not; None when it is.")
    checks: list[Check] = Field([])
    conversation: Turn
    conversation_id: str
    said: str = Field("", description="The model's last reply, as a follow-up repeats it.")
