"""What answers look like where no model of the product says it. The handlers write them; tests compare."""

from typing import Any, Literal

from pydantic import ConfigDict, Field

from analyzer.models import DatasetSummary, Run, TaskDescription
from analyzer.models.base import Frozen

Cell = str | int | float | bool | None


class FieldError(Frozen):
    """One field that was wrong."""

    pointer: str = Field(description="A JSON pointer into the body, or the name in the query.")
    detail: str


class Problem(Frozen):
    """What went wrong (RFC 9457)."""

    model_config = ConfigDict(extra="allow")

    type: str = Field(description="`/problems/<code>`: a page that explains the code.")
    title: str
    status: int
    detail: str = Field(description="What was wrong, and the way out where there is one.")
    instance: str | None = Field(None, description="The id of the request, as the server's log has it.")
    errors: tuple[FieldError, ...] | None = None
    limit: float | None = Field(None, description="The limit that was met.")
    where: dict[str, Any] | None = Field(None, description="The place in an uploaded file.")
    retry_after: float | None = Field(None, description="Seconds after which asking again makes sense.")


class RunLinks(Frozen):
    """Where more about a run is."""

    self: str
    events: str
    result: str
    code: str
    report: str


class RunAnswer(Run):
    """A run, and where more about it is."""

    links: RunLinks


class EndedRun(RunAnswer):
    """A run that was waited for, with its result when it has completed."""

    result: Any = Field(None, description="As `result` in `GET /api/tasks/{task_id}` says.")


class Datasets(Frozen):
    """A page of datasets, newest first."""

    datasets: tuple[DatasetSummary, ...]
    next: str | None = Field(description="Give it as `after` for the next page. None: this was the last.")


class Said(Frozen):
    """One message of an exchange with a model."""

    role: Literal["user", "assistant"]
    text: str


class ModelCall(Frozen):
    """One call, as it left this server."""

    at: str
    provider: str
    model: str
    max_output_tokens: int
    system: str
    messages: tuple[Said, ...]


class Prompts(Frozen):
    """What was sent to a model in a run."""

    calls: tuple[ModelCall, ...]


class Runs(Frozen):
    """A page of runs, newest first."""

    runs: tuple[RunAnswer, ...]
    next: str | None = Field(description="Give it as `after` for the next page. None: this was the last.")


class Catalogue(Frozen):
    """Every analysis, by id."""

    tasks: tuple[TaskDescription, ...]
    next: None = None


class Rows(Frozen):
    """A page of rows. Integers beyond 2^53 and decimals are text; a missing cell is null."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    total: int = Field(description="The rows that meet the filters.")


class Slots(Frozen):
    """The worker processes."""

    total: int
    busy: int
    restarts: int


class PrincipalClass(Frozen):
    """What one class of principals has: all sessions together, or the public."""

    active_tasks: int
    queued_tasks: int
    principals: int = Field(description="How many of them have something under way or waiting.")


class Loop(Frozen):
    """How late the event loop is, on which every answer waits."""

    lag_ms: float = Field(description="At its last beat, of twenty a second.")
    worst_lag_ms: float = Field(description="The most in the last minute.")
    late: int = Field(description="How often it was more than 200 ms since the start; the log names what held it up.")


class Execution(Frozen):
    """How much is running and waiting."""

    active_tasks: int
    queued_tasks: int
    slots: Slots
    principals: dict[str, PrincipalClass] = Field(description="By class, such as `session` and `public`.")
    loop: Loop


class RunStatusAnswer(Execution):
    """How much is running and waiting, and the same as a sentence."""

    message: str


class Storage(Frozen):
    """What is kept."""

    datasets_count: int
    results_count: int
    total_items: int


class Streaming(Frozen):
    """Runs that talk, and those that have."""

    active_streams: int
    completed_streams: int
    cached_events_count: int


class JailLayer(Frozen):
    """One wall, and why it is not proved."""

    finding: Literal["proved", "failed", "absent"]
    why: str | None = None


class JailAnswer(Frozen):
    """What was proved of the jail on this machine."""

    min_level: int = Field(description="The least that foreign code asks for (`ANALYZER_JAIL_MIN_LEVEL`).")
    level: int | None = Field(description="What the proved layers come to; null before anybody has asked for the jail.")
    layers: dict[str, JailLayer]


class System(Frozen):
    """What the server holds and does."""

    storage: Storage
    streaming: Streaming
    execution: Execution
    jail: JailAnswer


class Capabilities(Frozen):
    """What the server can take."""

    concurrent_users: Literal["unlimited"]
    concurrent_tasks: int
    queued_tasks: int
    thread_safe: bool
    resumable_streams: bool


class Health(Frozen):
    """How the server is."""

    status: Literal["healthy", "shutting-down"]
    system: System
    capabilities: Capabilities


class Probe(Frozen):
    """The answer to an orchestrator."""

    status: Literal["live", "ready"]


class Index(Frozen):
    """What this is and where to go from here."""

    name: Literal["analyzer"]
    version: str
    links: dict[str, str]
