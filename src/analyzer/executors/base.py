"""What an executor promises, and the messages that cross into a worker.

Messages are small and picklable: they name files and analyses and carry no tables. A worker answers with a value
named here, or with an AnalyzerError.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Literal, Protocol

from analyzer.errors import CpuLimit
from analyzer.models import ExportFormat, ReadingOptions, ReadingReport, RowsWanted, TableSchema
from analyzer.models.handouts import Heading
from analyzer.registry import Part

PictureFormat = Literal["svg", "png"]
ReportFormat = Literal["html", "pdf"]


@dataclass(frozen=True)
class ReadFile:
    """Read an uploaded file into an Arrow file. Answered by a `Reading`."""

    source: str
    target: str
    filename: str
    options: ReadingOptions
    arriving: bool = False  # the file still grows, until its mark says that it is complete


@dataclass(frozen=True)
class Reading:
    """What a file turned out to hold."""

    shape: TableSchema
    report: ReadingReport


@dataclass(frozen=True)
class EncodedChart:
    """A chart whose specification is JSON already."""

    name: str
    title: str
    spec: bytes


@dataclass(frozen=True)
class EncodedSection:
    """A section whose content is JSON already, so that the server passes it on without looking inside."""

    name: str
    data: bytes
    charts: tuple[EncodedChart, ...]
    attachments: tuple[str, ...] = ()  # the names of files in the folder that the work named

    @property
    def size_bytes(self) -> int:
        """Of its JSON, files beside it not counted."""
        return len(self.data) + sum(len(chart.spec) for chart in self.charts)


@dataclass(frozen=True)
class ComputePart:
    """Do one part of a run. Answered by an `EncodedSection`. Raises ResultTooLarge."""

    task_id: str
    params: dict[str, Any]
    tables: dict[str, str]  # name in the run → path of its Arrow file
    part: Part
    given: tuple[EncodedSection, ...] = ()  # of the parts that it needs
    attach_to: str = ""  # the folder for attachments; it is made when there is one
    max_bytes: int | None = None  # of the section


@dataclass(frozen=True)
class MergeSections:
    """Join the sections of a run, in the order of its parts. Answered by the result as JSON bytes.

    Raises ResultTooLarge.
    """

    task_id: str
    params: dict[str, Any]
    shapes: dict[str, TableSchema]
    sections: tuple[EncodedSection, ...]
    max_bytes: int | None = None  # of the result


@dataclass(frozen=True)
class ComputeWhole:
    """Do the only part of a run and merge its section at once. Answered by a `Whole`. Raises ResultTooLarge."""

    part: ComputePart
    merge: MergeSections  # which gets the section here


@dataclass(frozen=True)
class Whole:
    """A run of one part, done."""

    section: EncodedSection
    result: bytes  # JSON


@dataclass(frozen=True)
class ReadRows:
    """Read a page of rows of a stored table. Answered by `{columns, rows, total}` as JSON bytes."""

    table: str
    wanted: RowsWanted


@dataclass(frozen=True)
class ExportTable:
    """Write a stored table to a file of another format. Answered by None."""

    table: str
    target: str
    format: ExportFormat
    raw: bool  # leave cells alone that a spreadsheet would take for formulas


@dataclass(frozen=True)
class DrawChart:
    """Draw one chart of a result. Answered by the picture's bytes. Raises NotFound and NotInstalled."""

    result: bytes
    name: str
    format: PictureFormat


@dataclass(frozen=True)
class MakeReport:
    """Make the page of a result. Answered by its HTML, or PDF, as bytes. For PDF raises NotInstalled."""

    heading: Heading
    task_id: str
    result: bytes
    format: ReportFormat = "html"


@dataclass(frozen=True)
class VerifyResult:
    """Hold a result against its analysis's reference. Answered by a `Comparison`."""

    task_id: str
    params: dict[str, Any]
    tables: dict[str, str]  # name in the run → path of its Arrow file
    result: bytes


@dataclass(frozen=True)
class SessionKey:
    """Names a session of code among all principals'."""

    principal: str
    session_id: str


@dataclass(frozen=True)
class RunCode:
    """Run foreign code in the jail. Answered by its result as JSON bytes."""

    code: str
    tables: dict[str, str]  # name in the run → path of its Arrow file
    save_to: str | None = None  # where to write a resulting table, as an Arrow file
    session: SessionKey | None = None  # whose variables it finds and adds to


RunWork = ComputePart | MergeSections | ComputeWhole
Work = ReadFile | RunWork | ReadRows | ExportTable | VerifyResult | DrawChart | MakeReport


class Lane(StrEnum):
    """Which slots a piece of work goes to. What people wait for at a screen does not queue behind runs."""

    WORK = "work"  # parts, merges, files that have arrived: one slot for each worker of the settings
    PAGES = "pages"  # rows: short, and asked for by somebody who looks at a screen
    EXPORTS = "exports"  # downloads in another format, which of a large table take longer than any page may wait
    ARRIVALS = "arrivals"  # a file that is read while it arrives, as slowly as its sender sends


@dataclass(eq=False)
class Allowance:
    """Processor time that several pieces of work may take together. What those took that have ended is spent."""

    cpu_seconds: float
    spent_cpu_seconds: float = 0.0

    def refusal(self, under_way_seconds: float = 0.0) -> CpuLimit | None:
        """Why there must be no more, if with what is under way too much was taken."""
        if self.spent_cpu_seconds + under_way_seconds <= self.cpu_seconds:
            return None
        return CpuLimit(
            f"The run used more than the {self.cpu_seconds:g} seconds of processor time it may use, all its parts "
            "together. Fewer columns need less; the operator can allow more with ANALYZER_TASK_CPU_SECONDS.",
            limit=self.cpu_seconds,
        )


class WorkerDied(Exception):
    """The worker ended under its work without having been told to."""


class WorkFailed(Exception):
    """The work raised something that no user can be blamed for. The text is for the log alone."""


@dataclass(frozen=True)
class SlotCounts:
    """How many slots there are, how many work, and how often one had to be replaced since the start."""

    total: int
    busy: int
    restarts: int


class Executor(Protocol):
    """Where work is done.

    `call` waits for a free slot, does the work and returns its answer. It raises the AnalyzerError the work raised,
    MemoryLimit when the work outgrew its memory, CpuLimit when its allowance is spent, WorkFailed for any other
    exception, and WorkerDied when the worker was lost. When the caller is cancelled the work is ended for real,
    whatever it is doing, and the slot is made usable again. `aclose` ends every worker and returns when they are gone.
    """

    async def start(self) -> None: ...

    async def ready(self) -> None:
        """Returns when the first work would start at once."""

    @property
    def is_ready(self) -> bool: ...

    async def call(self, work: Work, lane: Lane = Lane.WORK, allowance: Allowance | None = None) -> Any: ...

    def counts(self) -> SlotCounts: ...

    async def aclose(self) -> None: ...
