"""Planning a run of a wide table, and finding what would fit, leave the loop free."""

import asyncio
import pickle
import pickletools
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from analyzer import Analyzer
from analyzer.errors import DoesNotFit
from analyzer.models import TableSchema
from analyzer.models.datasets import ColumnSchema
from analyzer.planning import FEW_COLUMNS
from analyzer.registry import Cost, Params, Part, Schemas
from tests.waiting import PATIENCE_SECONDS, until

Parts = Callable[[Schemas, Params], Sequence[Part]]


@contextmanager
def _planning_with(analyzer: Analyzer, parts: Parts) -> Iterator[None]:
    usual = analyzer._catalogue.find("test_parts")
    analyzer._catalogue._found["test_parts"] = replace(usual, parts=parts)
    try:
        yield
    finally:
        analyzer._catalogue._found["test_parts"] = usual


async def _dataset(analyzer: Analyzer, columns: int, folder: Path) -> str:
    file = folder / f"{columns}.csv"
    file.write_text(",".join(f"c{number}" for number in range(columns)) + "\n" + ("1," * (columns - 1) + "1\n") * 9)
    return (await analyzer.add_dataset(file)).file_id


class _Waiting:
    """Plans that do not end before the loop has done something else."""

    def __init__(self, cost: Cost | None = None) -> None:
        self.begun, self.may_end = threading.Event(), threading.Event()
        self._cost = cost

    def parts(self, schemas: Schemas, params: Params) -> list[Part]:
        self.begun.set()
        assert self.may_end.wait(PATIENCE_SECONDS), "the loop was held up"
        return [Part("part 0", cost=self._cost)]


async def test_a_wide_table_is_planned_beside_the_loop(analyzer: Analyzer, tmp_path: Path) -> None:
    dataset, planning = await _dataset(analyzer, FEW_COLUMNS + 1, tmp_path), _Waiting()
    with _planning_with(analyzer, planning.parts):
        submitting = asyncio.create_task(analyzer.submit(dataset, "test_parts", {"text": "wide"}))
        await until(planning.begun.is_set, "planning has begun")
        planning.may_end.set()
        run = await submitting
    # The worker's own plan is no other, so the run ends as it was planned here.
    assert (await analyzer.outcome(run.id, PATIENCE_SECONDS)).progress.total == 1


def test_a_wide_shape_goes_to_a_worker_in_one_piece() -> None:
    """And not column by column, which for thousands of them would hold up the loop."""
    columns = tuple(ColumnSchema(name=f"c{number}", type="int64") for number in range(5_000))
    wide = TableSchema(rows=3, columns=columns)
    assert sum(1 for _ in pickletools.genops(pickle.dumps(wide, protocol=5))) < 100
    assert pickle.loads(pickle.dumps(wide)) == wide


async def test_what_would_fit_is_found_beside_the_loop(analyzer: Analyzer, tmp_path: Path) -> None:
    dataset = await _dataset(analyzer, 2, tmp_path)
    planning, loop_thread = _Waiting(Cost(memory_bytes=1e18, cpu_seconds=0)), threading.get_ident()

    def parts(schemas: Schemas, params: Params) -> list[Part]:
        if threading.get_ident() == loop_thread:  # the plan of the run itself: the table is narrow
            return [Part("part 0", cost=Cost(memory_bytes=1e18, cpu_seconds=0))]
        return planning.parts(schemas, params)

    with _planning_with(analyzer, parts):
        submitting = asyncio.create_task(analyzer.submit(dataset, "test_parts"))
        await until(planning.begun.is_set, "smaller plans are made")
        planning.may_end.set()
        with pytest.raises(DoesNotFit):
            await submitting
