"""What runs say: one model for each type of event, as its JSON stands in a stream."""

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from analyzer.models.base import Frozen, Moment


class Said(Frozen):
    """What every event of a run has."""

    sequence_number: int = Field(ge=1, description="Counts from 1 without gaps within the epoch of the id.")
    task_execution_id: str
    at: Moment


class RunQueued(Said):
    """The run was taken in and waits for its turn."""

    type: Literal["run.queued"]
    position: int = Field(ge=0, description="How many runs end before this one starts.")
    wait_seconds: float = Field(description="When that will be, by what such runs have taken.")


class RunStarted(Said):
    """The run's turn has come."""

    type: Literal["run.started"]


class RunProgress(Said):
    """Another part is done."""

    type: Literal["run.progress"]
    done: int
    total: int
    message: str = Field(description="The part that was done.")


class ResultSection(Said):
    """A finished piece of the result."""

    type: Literal["result.section"]
    section: str
    data: dict[str, Any]


class TextDelta(Said):
    """The next piece of what a model says."""

    type: Literal["text.delta"]
    text: str
    attempt: int = Field(description="Which of its replies this belongs to, from 1.")


class CodeDelta(Said):
    """The next piece of what a model writes as code."""

    type: Literal["code.delta"]
    text: str
    attempt: int = Field(description="Which of its replies this belongs to, from 1.")


class ChartShown(Said):
    """A chart of what was just told."""

    type: Literal["chart"]
    name: str
    title: str
    spec: dict[str, Any] = Field(description="A Vega-Lite specification.")


class OutputDelta(Said):
    """What code has printed since the last one."""

    type: Literal["output.delta"]
    stream: Literal["stdout", "stderr"]
    text: str


class RunSummary(Frozen):
    """How it went."""

    parts: int
    seconds: float
    result_bytes: int


class RunCompleted(Said):
    """The end: the result is there."""

    type: Literal["run.completed"]
    result_url: str
    summary: RunSummary


class RunFailed(Said):
    """The end: there is no result."""

    type: Literal["run.failed"]
    error: dict[str, Any] = Field(description="A problem.")


class RunCancelled(Said):
    """The end, since somebody wanted it."""

    type: Literal["run.cancelled"]


class RunInterrupted(Said):
    """The end, since the server stopped."""

    type: Literal["run.interrupted"]
    error: dict[str, Any] = Field(description="A problem.")


class RunSnapshot(Said):
    """What was said so far, in place of events that cannot be repeated."""

    model_config = ConfigDict(extra="allow")  # it repeats what the events it replaces said

    type: Literal["run.snapshot"]
    sequence_number: int = Field(ge=0, description="Of the last event it replaces; 0 when nothing was said yet.")
    status: str
    progress: dict[str, Any]
    sections: tuple[dict[str, Any], ...]
    charts: tuple[dict[str, Any], ...]


class Shutdown(Frozen):
    """The server is stopping: come back. It has no id, is in no log and is not the end of the run."""

    type: Literal["shutdown"]


StreamEvent = Annotated[
    RunQueued
    | RunStarted
    | RunProgress
    | ResultSection
    | TextDelta
    | CodeDelta
    | ChartShown
    | OutputDelta
    | RunCompleted
    | RunFailed
    | RunCancelled
    | RunInterrupted
    | RunSnapshot
    | Shutdown,
    Field(discriminator="type"),
]
"""What may stand in a stream."""
