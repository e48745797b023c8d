"""A run and the states it passes through."""

from enum import StrEnum
from typing import Any

from pydantic import Field

from analyzer.models.base import Frozen, Moment, Removal


class RunStatus(StrEnum):
    """Where a run stands. It is queued, then running, then in one of the final states for good."""

    QUEUED = "queued"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    INTERRUPTED = "interrupted"

    @property
    def is_final(self) -> bool:
        return self not in (RunStatus.QUEUED, RunStatus.RUNNING)


class Progress(Frozen):
    """How much of a run is done, in parts."""

    done: int = 0
    total: int = 0


MOST_URGENT = 10


class Wish(Frozen):
    """How a run is to be done, beside what it is to compute."""

    priority: int = Field(
        0,
        ge=-MOST_URGENT,
        le=MOST_URGENT,
        description="Among your own runs, those with a higher number go first. Other people's do not notice.",
    )


class Run(Frozen):
    """One execution of an analysis on a dataset."""

    task_execution_id: str
    task_id: str
    file_id: str
    params: dict[str, Any]
    priority: int = 0
    status: RunStatus = RunStatus.QUEUED
    progress: Progress = Progress()
    created_at: Moment
    started_at: Moment | None = None
    finished_at: Moment | None = None
    expires_at: Moment | None = Field(None, description="When its result goes. None: kept until it is deleted.")
    error: dict[str, Any] | None = Field(None, description="The problem that ended it, if one did.")

    @property
    def id(self) -> str:
        return self.task_execution_id


class OwnedRun(Frozen):
    """A run as the server remembers it: with its owner, the epoch of its log, and whether it is gone."""

    run: Run
    principal: str
    epoch: str
    attempt: int = Field(1, description="Counts how often it was begun: more than once when a server died under it.")
    lease_until: Moment | None = Field(None, description="So long its server is taken to live, if it has one.")
    removed: Removal | None = None


class TaskDescription(Frozen):
    """One entry of the catalogue, as it is shown."""

    task_id: str
    title: str
    family: str
    description: str = Field(description="What it computes and how, in Markdown.")
    version: int = Field(description="Changes whenever the same data may give another result.")
    parameters: dict[str, Any] = Field(description="JSON Schema of `params`.")
    result: dict[str, Any] = Field(description="JSON Schema of the result.")
