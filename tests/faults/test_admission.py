"""Runs that cannot fit: refused with figures that are true, and never begun."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import numpy as np
import pyarrow as pa
import pytest

from analyzer import Analyzer, Settings, create_app
from analyzer.admission import Admission, needed
from analyzer.analyses import whole_catalogue
from analyzer.errors import DoesNotFit, MemoryLimit
from analyzer.executors.base import ComputePart
from analyzer.models import ColumnSchema, TableSchema
from analyzer.web.keys import ANALYZER
from tests.api import Api
from tests.conftest import serving

CATALOGUE = whole_catalogue()
MIB = 1024 * 1024
MEMORY_BYTES = 96 * MIB
SMALL = 0.6
"""Of what is said to fit, as these walls are so low that what workers hold beside any table counts."""

PARTS = {
    "quality_duplicates": "whole rows",
    "eda_association": "all pairs",
    "eda_distribution": "x",
    "eda_correlation": "ranks 1 of 1",
}
"""Analyses, and of each the part that takes most memory."""


def _file(folder: Path, rows: int) -> Path:
    """Two columns of real numbers, so many rows, as an Arrow file."""
    random = np.random.default_rng(7)
    table = pa.table({"x": random.normal(size=rows), "y": random.normal(size=rows)})
    path = folder / f"{rows}.arrow"
    with pa.OSFile(str(path), "wb") as file, pa.ipc.new_file(file, table.schema) as writer:
        writer.write_table(table, max_chunksize=65_536)  # read piece by piece
    return path


@asynccontextmanager
async def _served(settings: Settings) -> AsyncIterator[tuple[Api, Analyzer]]:
    app = create_app(settings)
    async with serving(app) as url, aiohttp.ClientSession(url) as http:
        await app[ANALYZER].ready()
        yield Api(http), app[ANALYZER]


@pytest.mark.timeout(120)
@pytest.mark.parametrize("task_id", PARTS)
async def test_what_is_refused_would_not_have_fitted_and_what_is_said_to_fit_does(
    make_settings: Callable[..., Settings], tmp_path: Path, task_id: str
) -> None:
    rows = _rows_that_need(task_id, 2 * MEMORY_BYTES)
    async with _served(make_settings(task_memory_bytes=MEMORY_BYTES)) as (api, analyzer):
        dataset = await api.dataset(_file(tmp_path, rows), "big.arrow")
        body = {"file_id": dataset, "task_id": task_id}
        problem = (await api.ask("POST", "/api/run", json=body)).problem(422, "does-not-fit")
        assert problem["limit"] == MEMORY_BYTES
        assert problem["needs"]["memory"] == pytest.approx(2 * MEMORY_BYTES, rel=0.01)
        fits = problem["fits"]["rows"]
        assert fits == pytest.approx(rows / 3, rel=0.01)
        for number in (problem["needs"]["memory"], problem["limit"], fits, rows):
            assert f"{number:,.0f}" in problem["detail"]
        assert (await api.get("/api/runs")).json["runs"] == []
        await _would_not_have_fitted(analyzer, task_id, dataset)
        smaller = await api.dataset(_file(tmp_path, int(SMALL * fits)), "small.arrow")
        assert (await api.watch(await api.start(smaller, task_id)))[-1].type == "run.completed"


async def _would_not_have_fitted(analyzer: Analyzer, task_id: str, dataset: str) -> None:
    """Begun all the same, its largest part hits the wall."""
    analysis, params = _found(task_id)
    async with analyzer._shelf.table(dataset, "public") as table:
        parts = analysis.parts({"df": table.dataset.shape}, params)
        (part,) = (part for part in parts if part.name == PARTS[task_id])
        work = ComputePart(task_id, params.model_dump(mode="json"), {"df": table.path}, part)
        with pytest.raises(MemoryLimit):
            await analyzer._executor.call(work)


def _found(task_id: str) -> tuple[Any, Any]:
    analysis = CATALOGUE.find(task_id)
    return analysis, analysis.params()


def _shape(rows: int, columns: int = 2) -> TableSchema:
    named = ["x", "y", *(f"x{place}" for place in range(2, columns))][:columns]
    return TableSchema(rows=rows, columns=tuple(ColumnSchema(name=name, type="double") for name in named))


def _rows_that_need(task_id: str, memory_bytes: int) -> int:
    analysis, params = _found(task_id)
    of_a_million = needed(analysis.parts({"df": _shape(1_000_000)}, params)).memory_bytes
    return int(1_000_000 * memory_bytes / of_a_million)


@pytest.mark.parametrize(
    ("walls", "fewer_help"),
    [
        (Admission(memory_bytes=2**40, cpu_seconds=10, wall_seconds=600, slots=2), True),
        (Admission(memory_bytes=2**40, cpu_seconds=1e9, wall_seconds=5, slots=2), True),
        (Admission(memory_bytes=2**29, cpu_seconds=1e9, wall_seconds=1e9, slots=2), False),
    ],
    ids=["processor time", "wall time", "memory"],
)
def test_what_would_fit_does_with_room_to_spare(walls: Admission, fewer_help: bool) -> None:
    analysis, params = _found("eda_distribution")
    shapes = {"df": _shape(20_000_000, 40)}

    with pytest.raises(DoesNotFit) as refused:
        walls.check(analysis, params, shapes, analysis.parts(shapes, params))
    told = refused.value.more["fits"]
    assert walls.fits(analysis.parts({"df": _shape(int(1.4 * told["rows"]), 40)}, params))
    assert not walls.fits(analysis.parts({"df": _shape(int(1.6 * told["rows"]), 40)}, params))
    if fewer_help:
        assert walls.fits(analysis.parts({"df": _shape(20_000_000, int(1.4 * told["columns"]))}, params))
        assert not walls.fits(analysis.parts({"df": _shape(20_000_000, int(1.8 * told["columns"]))}, params))
        assert f"{told['columns']} of the 40 columns" in refused.value.detail
    else:
        assert told["columns"] is None, "each alone is too large"
        assert "columns" not in refused.value.detail


async def test_what_a_model_chooses_has_to_fit_as_well(analyzer: Analyzer) -> None:
    computing = analyzer._asking._computing
    await computing.checked("eda_distribution", {}, _shape(1_000_000))
    with pytest.raises(DoesNotFit):
        await computing.checked("eda_distribution", {}, _shape(1_000_000_000))
