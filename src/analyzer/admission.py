"""Whether a run can fit: looked at before it begins, from what its parts take at the least."""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NoReturn, Self

from analyzer.errors import DoesNotFit, InvalidParameters
from analyzer.models import TableSchema
from analyzer.registry import Analysis, Cost, Params, Part
from analyzer.settings import Settings

FASTER = 4
"""So many times faster than the machine on which the costs were measured no machine is thought to be."""

SPARE = 1 / 3
"""Of each wall, left free by what is said to fit: costs are what is taken at the least."""

AROUND_A_PART_SECONDS = 0.002  # what is to be done for each, however small
UNKNOWN_SECONDS = 1.0  # a run takes of whose parts none says what it takes


@dataclass(frozen=True)
class Admission:
    """The walls of a run, as far as its cost tells whether it would hit them."""

    memory_bytes: int
    cpu_seconds: float
    wall_seconds: float
    slots: int
    faster: float = FASTER

    @classmethod
    def of(cls, settings: Settings) -> Self:
        return cls(
            settings.task_memory_bytes, settings.task_cpu_seconds, settings.task_timeout_seconds, settings.workers
        )

    async def admit(
        self,
        analysis: Analysis[Any, Any],
        params: Params,
        shapes: Mapping[str, TableSchema],
        parts: Sequence[Part],
    ) -> None:
        """As `check`, for the loop: what would fit is found by many plans, which are made beside it."""
        if not self.fits(parts):
            await asyncio.to_thread(self.check, analysis, params, shapes, parts)

    def check(
        self,
        analysis: Analysis[Any, Any],
        params: Params,
        shapes: Mapping[str, TableSchema],
        parts: Sequence[Part],
    ) -> None:
        """Raises DoesNotFit, with how much is needed and what would fit, where one wall is met for sure."""
        need = needed(parts)
        if not self._fits(need):
            spared = replace(self, memory_bytes=int(self.memory_bytes * (1 - SPARE)), faster=FASTER * (1 - SPARE))
            self._refuse(need, _Smaller(spared, analysis, params, shapes))

    def fits(self, parts: Sequence[Part]) -> bool:
        """Whether no wall is met for sure."""
        return self._fits(needed(parts))

    def _fits(self, need: Cost) -> bool:
        return need.memory_bytes <= self.memory_bytes and need.cpu_seconds / self.faster <= self._most_seconds

    @property
    def _most_seconds(self) -> float:
        """Of the processor: what is allowed, and what all slots together have time for."""
        return min(self.cpu_seconds, self.wall_seconds * self.slots)

    def _refuse(self, need: Cost, smaller: "_Smaller") -> NoReturn:
        if need.memory_bytes > self.memory_bytes:
            what, setting = "memory", "ANALYZER_TASK_MEMORY_BYTES"
            needs, limit, unit = need.memory_bytes, float(self.memory_bytes), "bytes of memory for one of its parts"
        else:
            what, setting = "time", "ANALYZER_TASK_CPU_SECONDS and ANALYZER_TASK_TIMEOUT_SECONDS"
            needs, limit, unit = need.cpu_seconds / FASTER, self._most_seconds, "seconds of processor time"
        columns, rows = smaller.columns(), smaller.rows()
        of_columns = f"{columns:,} of the {smaller.all_columns:,} columns or with " if columns else ""
        raise DoesNotFit(
            f"The run would need at least {needs:,.0f} {unit}, and {limit:,.0f} are what it may use. It would fit "
            f"with {of_columns}a sample of {rows:,} of the {smaller.all_rows:,} rows. The operator can allow more with "
            f"{setting}.",
            limit=limit,
            needs={what: round(needs)},
            fits={"columns": columns, "rows": rows},
        )


def needed(parts: Iterable[Part]) -> Cost:
    """What a run of these parts takes: the memory of the largest, the time of all, those needed first included."""
    largest, seconds = 0.0, 0.0
    seen: set[tuple[str, tuple[str, ...]]] = set()
    waiting = list(parts)
    while waiting:
        part = waiting.pop()
        waiting.extend(part.needs)
        if part.shared and (key := (part.shared, part.columns)) in seen:
            continue
        if part.shared:
            seen.add(key)
        if part.cost is not None:
            largest = max(largest, part.cost.memory_bytes)
            seconds += part.cost.cpu_seconds
    return Cost(largest, seconds)


def guess_seconds(parts: Sequence[Part]) -> float:
    """Of a slot, that a run of these parts is guessed to take."""
    known = needed(parts).cpu_seconds
    return known + len(parts) * AROUND_A_PART_SECONDS if known else UNKNOWN_SECONDS


@dataclass(frozen=True)
class _Smaller:
    """The same run on less."""

    admission: Admission
    analysis: Analysis[Any, Any]
    params: Params
    shapes: Mapping[str, TableSchema]

    @property
    def all_rows(self) -> int:
        return self.shapes["df"].rows

    @property
    def names(self) -> Sequence[str]:
        return getattr(self.params, "columns", None) or self.shapes["df"].names

    @property
    def all_columns(self) -> int:
        return len(self.names)

    def rows(self) -> int:
        """How many of the rows would fit, all columns kept."""
        return _most(self.all_rows, lambda rows: self._fits(self.params, rows))

    def columns(self) -> int | None:
        """How many of the columns would fit, from the left, all rows kept; None where fewer do not help."""
        if "columns" not in type(self.params).model_fields:
            return None
        return (
            _most(
                self.all_columns,
                lambda count: self._fits(self.params.model_copy(update={"columns": [*self.names[:count]]})),
            )
            or None
        )

    def _fits(self, params: Params, rows: int | None = None) -> bool:
        table = self.shapes["df"]
        shapes = {**self.shapes, "df": table if rows is None else table.model_copy(update={"rows": rows})}
        try:
            return self.admission.fits(self.analysis.parts(shapes, params))
        except InvalidParameters:  # too few columns to be anything
            return False


def _most(below: int, fits: Callable[[int], bool]) -> int:
    """The largest number below this one that fits, where all that are smaller do; 0 when none does."""
    low, high = 0, below
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if fits(middle) else (low, middle)
    return low
