"""What an analysis is, and where the catalogue finds one.

An analysis is `parts → compute → merge`: `parts` splits the work by looking at nothing but the tables' shapes,
`compute` does one part in a worker on memory-mapped tables, `merge` joins the sections into the result, in a worker
too. All three are plain functions of their arguments.

The server process imports an analysis's module for its parameters and its page, so such a module imports what
computes (numpy, pyarrow, scipy) inside `compute` and `merge`, where only workers come by.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict

from analyzer.errors import MOST_SHOWN, UnknownTask, nearest, shown
from analyzer.models import TableSchema, TaskDescription

if TYPE_CHECKING:
    import pyarrow as pa

Schemas = Mapping[str, TableSchema]
"""The shapes of a run's tables by name; `df` is the dataset the run was started on."""

Tables = Mapping[str, "pa.Table"]
"""The tables themselves, memory-mapped, by the same names. Column names are unique within a table."""


class Params(BaseModel):
    """The parameters of an analysis. An unknown one is an error, not a shrug."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Result(BaseModel):
    """The result of an analysis. Undefined numbers are None, each explained in the notes beside it."""

    model_config = ConfigDict(frozen=True, extra="forbid")


DECORATED: dict[str, str] = {}
"""What `@analysis` made analyses of in this process: task id → `module:attribute`. A worker is told when it begins."""

P = TypeVar("P", bound=Params)
R = TypeVar("R", bound=Result)


@dataclass(frozen=True)
class Chart:
    """A picture as a Vega-Lite specification with its data inside."""

    name: str  # unique within a result and safe in a URL: lower-case letters, digits, hyphens
    title: str
    spec: dict[str, Any]


@dataclass(frozen=True)
class Attachment:
    """What is too large for JSON, as a file beside the result: an Arrow file."""

    name: str  # ends in .arrow; unique within a run; lower-case letters, digits, hyphens before that
    content: bytes


@dataclass(frozen=True)
class Section:
    """What a part returns: a finished piece of the result, strict JSON in `data`, shown to watchers as it is."""

    name: str
    data: dict[str, Any]
    charts: tuple[Chart, ...] = ()
    attachments: tuple[Attachment, ...] = ()


@dataclass(frozen=True)
class Cost:
    """What a part takes of a worker, at the least: memory beyond the mapped tables, and processor time."""

    memory_bytes: float
    cpu_seconds: float


@dataclass(frozen=True)
class Part:
    """One unit of a run's work. Small and picklable: it names what to do and carries no data.

    Where `shared` is not empty, the section depends on nothing but it, the columns and the table `df`: it names the
    kind of the section, its version and the parameters that matter. Such a section is computed once, for whatever
    analysis asks, and may be kept for those that come later. `needs` are shared parts of the same analysis that are
    done first; `compute` finds their sections in `given`, in the same order.
    """

    name: str
    columns: tuple[str, ...] = ()
    shared: str = ""
    needs: tuple[Part, ...] = ()
    given: tuple[Section, ...] = ()  # filled in the worker
    cost: Cost | None = None  # where it is known, for a run that cannot fit to be refused, and to say when others begin
    attaches: bool = False  # its section comes with files, which belong to one run: the run shares no computation


class Place(StrEnum):
    """Where the work of an analysis is done."""

    SLOT = "slot"  # in a warm worker, part by part
    JAIL = "jail"  # in a process of its own behind walls: what it runs is not ours
    LOOP = "loop"  # in the server's loop: it waits for others, and sends what computes to slots and jails


def no_further_tables(params: Any) -> Mapping[str, str]:
    """For analyses that work on one dataset."""
    return {}


def as_given(params: P) -> P:
    """For analyses whose parameters mean the same at any moment."""
    return params


@dataclass(frozen=True)
class Analysis(Generic[P, R]):
    """One entry of the catalogue."""

    id: str
    title: str
    page: str  # Markdown: what it computes, how, and from which source
    params: type[P]
    result: type[R]
    parts: Callable[[Schemas, P], Sequence[Part]]
    compute: Callable[[Tables, Part, P], Section]
    merge: Callable[[Sequence[Section], Schemas, P], R]  # the sections come in the order of the parts
    place: Place = Place.SLOT
    further: Callable[[P], Mapping[str, str]] = no_further_tables  # name in `tables` → file_id of a parameter's dataset
    recipe: Callable[[Schemas, P], str] | None = None  # pandas that gives the main figures; see analyses/recipes.py
    settle: Callable[[P], P] = as_given  # decides, when a run is submitted, what its parameters leave to the moment
    deterministic: bool = True  # equal data and parameters give equal results, which may then be computed once
    version: int = 1  # raise it whenever the same data may give another result

    @property
    def family(self) -> str:
        return self.id.partition("_")[0]

    def describe(self) -> TaskDescription:
        return TaskDescription(
            task_id=self.id,
            title=self.title,
            family=self.family,
            description=self.page.strip(),
            version=self.version,
            parameters=self.params.model_json_schema(),
            result=self.result.model_json_schema(mode="serialization"),
        )


@dataclass
class Registry:
    """The catalogue: ids and where each one's `Analysis` is found, imported on first use."""

    places: dict[str, str] = field(default_factory=dict)  # "analyzer.analyses.eda.statistical_summary:analysis"
    _found: dict[str, Analysis[Any, Any]] = field(default_factory=dict)

    def find(self, task_id: str) -> Analysis[Any, Any]:
        """The analysis of this id. Raises UnknownTask, naming the nearest ones."""
        if task_id not in self._found:
            if task_id not in self.places:
                hint = nearest(task_id[:MOST_SHOWN], self.places) or f"There are: {', '.join(sorted(self.places))}."
                raise UnknownTask(f"There is no analysis {shown(task_id)}. {hint}")
            module, _, attribute = self.places[task_id].partition(":")
            self._found[task_id] = getattr(importlib.import_module(module), attribute)
        return self._found[task_id]

    def descriptions(self) -> list[TaskDescription]:
        """Every analysis as it is shown, by id."""
        return [self.find(task_id).describe() for task_id in self.ids()]

    def ids(self) -> list[str]:
        """Every id, sorted."""
        return sorted(self.places)
