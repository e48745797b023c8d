"""Workers that die, alone or all at once: who watches sees nothing, until there is no hope."""

import gc
import json
import os
import signal
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import psutil
import pytest
import pytest_asyncio

from analyzer import Analyzer, Settings
from tests.waiting import Gate, alive, family, until

PARTS = 2
OF_ONE_WORKER = 6  # descriptors, at the least


@pytest_asyncio.fixture
async def own(make_settings: Callable[..., Settings]) -> AsyncIterator[Analyzer]:
    async with Analyzer(make_settings(workers=PARTS)) as analyzer:
        await until(lambda: _is_calm(analyzer))
        yield analyzer


def _is_calm(analyzer: Analyzer) -> bool:
    """Whether every slot is there, and free."""
    return all(lane.idle == lane.size for lane in analyzer._executor._lanes.values())


def _forkserver(analyzer: Analyzer) -> int:
    process = analyzer._executor._forkserver._process
    assert process is not None
    return process.pid


async def _said(analyzer: Analyzer, run: str) -> list[str]:
    """All that the run says, but for the order of its parts, which is open, and what differs between any two."""
    events = [event async for event in analyzer.events(run)]
    assert events[-1].type == "run.completed"
    told = ("section", "data", "done", "total")
    return sorted(json.dumps([event.type, *(event.data.get(name) for name in told)]) for event in events)


async def _gated(analyzer: Analyzer, dataset: str, gate: Gate) -> str:
    return (await analyzer.submit(dataset, "test_gate", {"gate": str(gate.folder), "parts": PARTS})).id


async def test_a_forkserver_that_dies_again_and_again_is_seen_by_nobody(
    own: Analyzer, penguins: Path, tmp_path: Path
) -> None:
    """All workers die with it. Under a run at work that happens twice, as often as a part is done again."""
    dataset = (await own.add_dataset(penguins)).id
    gate = Gate(tmp_path / "undisturbed")
    gate.open()
    undisturbed = await _said(own, await _gated(own, dataset, gate))
    descriptors, temporary = psutil.Process().num_fds(), _temporary(own)
    seen: set[int] = set()
    for number in range(2):
        gate = Gate(tmp_path / f"gate {number}")
        run = await _gated(own, dataset, gate)
        for death in (1, 2):
            pids = await gate.reached(PARTS * death)
            seen |= family()
            os.kill(_forkserver(own), signal.SIGKILL)
            await until(lambda pids=pids: not any(alive(pid) for pid in pids), "all die with it")  # type: ignore[misc]
        await gate.reached(3 * PARTS)
        gate.open()
        assert await _said(own, run) == undisturbed
        assert len(gate.pids) == 3 * PARTS
    await until(lambda: _is_calm(own))
    slots = sum(lane.size for lane in own._executor._lanes.values())
    assert len(psutil.Process(_forkserver(own)).children()) == slots
    # What is alive is ours: workers whose forkserver has died are nobody's, and left to the system to bury.
    assert not {pid for pid in seen - family() if alive(pid)}
    assert _temporary(own) == temporary
    gc.collect()
    assert psutil.Process().num_fds() < descriptors + OF_ONE_WORKER


def _temporary(analyzer: Analyzer) -> list[str]:
    """What lies in the folder for temporary files, names aside."""
    (folder,) = {Path(analyzer._executor._exchange.name).parent}
    return sorted(path.name.rpartition("-")[0] for path in folder.iterdir())


@pytest.mark.parametrize("kind", ["exit", "segfault"])
async def test_what_kills_every_worker_ends_as_crashed_and_costs_nobody_else(
    own: Analyzer, penguins: Path, tmp_path: Path, kind: str
) -> None:
    dataset = (await own.add_dataset(penguins)).id
    gate = Gate(tmp_path / "gate")
    neighbour = (await own.submit(dataset, "test_gate", {"gate": str(gate.folder), "parts": 1})).id
    await gate.reached()
    fatal = (await own.submit(dataset, "test_trouble", {"kind": kind})).id
    behind = [(await own.submit(dataset, "test_parts", {"text": str(number)})).id for number in range(3)]
    problem = [event async for event in own.events(fatal)][-1].data["error"]
    assert problem["type"] == "/problems/crashed"
    assert own._executor.counts().restarts == 3, "at most twice again"
    for number, run in enumerate(behind):
        await _said(own, run)
        assert (await own.result(run))["lines"] == [f"part {part}{number}" for part in range(3)]
    gate.open()
    await _said(own, neighbour)
    assert len(gate.pids) == 1, "the neighbour was done once"
