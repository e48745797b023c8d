"""Slots: real workers that really die."""

import asyncio
import os
import pickle
import signal
import subprocess
import sys
import textwrap
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import psutil
import pyarrow as pa
import pytest

from analyzer.errors import CpuLimit, MemoryLimit
from analyzer.executors.base import Allowance, ComputePart, EncodedSection, Lane, MergeSections, WorkerDied, WorkFailed
from analyzer.executors.forkserver import MEMORY_OF_ITS_OWN
from analyzer.executors.insisting import insist
from analyzer.executors.process import ProcessExecutor
from analyzer.models import ColumnSchema, TableSchema
from analyzer.models.datasets import BadRows, CellSample, Coercion, ColumnReading, ReadingReport
from analyzer.registry import Part
from tests.conftest import PENGUINS, PLUGIN
from tests.waiting import Gate, alive, family, until

MIB = 1024 * 1024


@asynccontextmanager
async def _executor(workers: int = 1, memory_bytes: int = 2048 * MIB) -> AsyncIterator[ProcessExecutor]:
    executor = ProcessExecutor(workers, memory_bytes)
    await executor.start()
    try:
        await executor.ready()
        yield executor
    finally:
        await executor.aclose()


@pytest.fixture
def table(tmp_path: Path) -> str:
    path = tmp_path / "table"
    table = pa.table({"a": [1, 2, 3]})
    with pa.OSFile(str(path), "wb") as file, pa.ipc.new_file(file, table.schema) as writer:
        writer.write_table(table)
    return str(path)


@pytest.fixture
def trouble(table: str, tmp_path: Path) -> Callable[[str], ComputePart]:
    def make(kind: str) -> ComputePart:
        params = {"kind": kind, "folder": str(tmp_path)}
        return ComputePart("test_trouble", params, {"df": table}, Part("trouble"))

    return make


@pytest.fixture
def at_gate(table: str, tmp_path: Path) -> tuple[ComputePart, Gate]:
    gate = Gate(tmp_path / "gate")
    return ComputePart("test_gate", {"gate": str(gate.folder)}, {"df": table}, Part("waiting")), gate


async def test_what_kills_a_worker_costs_one_answer_and_no_neighbour(
    trouble: Callable[[str], ComputePart], at_gate: tuple[ComputePart, Gate]
) -> None:
    work, gate = at_gate
    async with _executor(workers=2) as executor:
        neighbour = asyncio.create_task(executor.call(work))
        await gate.reached()
        for kind in ("exit", "segfault"):
            with pytest.raises(WorkerDied):
                await executor.call(trouble(kind))
        gate.open()
        assert (await neighbour).data == b'{"line":"waiting"}'
        assert executor.counts().restarts == 2
        assert executor.counts().busy == 0


async def test_memory_has_a_wall(trouble: Callable[[str], ComputePart]) -> None:
    async with _executor(memory_bytes=400 * MIB) as executor:
        with pytest.raises(MemoryLimit) as raised:
            await executor.call(trouble("memory"))
        assert raised.value.more["limit"] == 400 * MIB
        assert await executor.call(trouble("large"))  # the slot is there again


async def test_processor_time_has_a_wall_that_code_cannot_look_away_from(
    trouble: Callable[[str], ComputePart], at_gate: tuple[ComputePart, Gate]
) -> None:
    """Two parts of one run take it together; a neighbour's part that only waits takes none."""
    work, gate = at_gate
    async with _executor(workers=3) as executor:
        neighbour = asyncio.create_task(executor.call(work, allowance=Allowance(60)))
        await gate.reached()
        together = Allowance(cpu_seconds=0.5)
        spinning = [asyncio.create_task(executor.call(trouble("spin"), allowance=together)) for _ in range(2)]
        for outcome in await asyncio.gather(*spinning, return_exceptions=True):
            assert isinstance(outcome, CpuLimit)
            assert outcome.more["limit"] == 0.5
        assert isinstance(await executor.call(trouble("large")), EncodedSection)
        gate.open()
        assert (await neighbour).data == b'{"line":"waiting"}'
        assert executor.counts().restarts == 2


async def test_what_parts_took_is_added_up(trouble: Callable[[str], ComputePart]) -> None:
    """Of a worker that lives on, and had work before."""
    async with _executor() as executor:
        await executor.call(trouble("burn"))
        allowance, done = Allowance(cpu_seconds=1), 0

        async def burn_on() -> None:
            nonlocal done
            while True:
                await executor.call(trouble("burn"), allowance=allowance)
                done += 1

        with pytest.raises(CpuLimit):
            await burn_on()
        assert 1 <= done <= 4
        assert allowance.spent_cpu_seconds >= 0.25 * done
        assert await executor.call(trouble("burn"), allowance=Allowance(cpu_seconds=1))


async def test_what_a_worker_took_that_died_counts(trouble: Callable[[str], ComputePart]) -> None:
    """So that work which burns its workers out is not begun for ever, each time with all the time there is."""
    async with _executor() as executor:
        allowance = Allowance(cpu_seconds=0.3)
        with pytest.raises(CpuLimit):
            await insist(executor, trouble("burn out"), allowance)
        assert allowance.spent_cpu_seconds > 0.3
        ended = Allowance(cpu_seconds=60)
        spinning = asyncio.create_task(executor.call(trouble("spin"), allowance=ended))
        await until(lambda: any(slot.work_cpu_seconds() > 0.1 for slot in executor._slots if slot.busy))
        spinning.cancel()
        with pytest.raises(asyncio.CancelledError):
            await spinning
        assert ended.spent_cpu_seconds > 0.1


async def test_cancelling_ends_code_that_never_looks_up(trouble: Callable[[str], ComputePart]) -> None:
    async with _executor() as executor:
        before = family()
        spinning = asyncio.create_task(executor.call(trouble("spin")))
        await until(lambda: executor.counts().busy == 1)
        await until(lambda: any(_is_spinning(pid) for pid in before))
        spinning.cancel()
        with pytest.raises(asyncio.CancelledError):
            await spinning
        assert isinstance(await executor.call(trouble("large")), EncodedSection)


def _is_spinning(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_RUNNING
    except psutil.NoSuchProcess:
        return False


async def test_long_messages_pass_both_ways(trouble: Callable[[str], ComputePart]) -> None:
    async with _executor() as executor:
        section = await executor.call(trouble("large"))
        assert len(section.data) > 3_000_000
        merged = await executor.call(
            MergeSections("test_trouble", {"kind": "large"}, {"df": TableSchema(rows=3, columns=())}, (section,) * 3)
        )
        assert len(merged) > 9_000_000
        assert list(Path(executor._exchange.name).iterdir()) == []


def test_a_shape_passes_the_border_whole() -> None:
    sample = CellSample(line=3, text='1,5 "\u00fc')
    report = ReadingReport(
        format="csv",
        confidence=0.1 + 0.2,
        left_out=("# a title",),
        columns=(ColumnReading(name="größe", type="double", reason="numbers", original_name="Größe "),),
        coercions=(Coercion(column="größe", change="A comma is a point.", count=1, samples=(sample,)),),
        bad_rows=BadRows(count=1, lines=(7,), reason="Too many cells."),
    )
    shape = TableSchema(rows=3, columns=(ColumnSchema(name="größe", type="double"),), size_bytes=5, reading=report)
    assert pickle.loads(pickle.dumps(shape, protocol=5)) == shape


async def test_what_nobody_foresaw_reaches_only_the_log(trouble: Callable[[str], ComputePart]) -> None:
    async with _executor() as executor:
        with pytest.raises(WorkFailed, match="the secret of the worker"):
            await executor.call(trouble("raise"))
        with pytest.raises(WorkFailed, match="JSON"):
            await executor.call(trouble("nan"))
        assert executor.counts().restarts == 0


async def test_the_death_of_the_forkserver_is_survived(trouble: Callable[[str], ComputePart]) -> None:
    async with _executor() as executor:
        assert executor._forkserver._process is not None
        executor._forkserver._process.kill()
        (worker,) = executor._lanes[Lane.WORK]._idle
        await until(lambda: worker._pid is not None and not alive(worker._pid), "the worker dies with its forkserver")
        # One that died at rest is nobody's fault: whoever asks next is served by another.
        assert isinstance(await executor.call(trouble("large")), EncodedSection)


async def test_a_stopped_worker_is_replaced_at_work_and_at_rest(at_gate: tuple[ComputePart, Gate]) -> None:
    work, gate = at_gate
    async with _executor(workers=2) as executor:
        await until(lambda: executor._lanes[Lane.WORK].idle == 2)
        stopped, neighbour = (asyncio.create_task(executor.call(work)) for _ in range(2))
        first, second = await gate.reached(2)
        os.kill(first, signal.SIGSTOP)
        (done,), _ = await asyncio.wait([stopped, neighbour], return_when=asyncio.FIRST_COMPLETED)
        assert isinstance(done.exception(), WorkerDied)
        await until(lambda: not alive(first), "it ends: its line is down a little before")
        assert alive(second)
        await until(lambda: executor._lanes[Lane.WORK].idle == 1)
        (idle,) = executor._lanes[Lane.WORK]._idle
        assert idle._pid is not None
        os.kill(idle._pid, signal.SIGSTOP)
        await until(lambda: executor.counts().restarts == 2 and executor._lanes[Lane.WORK].idle == 1)
        gate.open()
        (left,) = {stopped, neighbour} - {done}
        assert (await left).data == b'{"line":"waiting"}'


async def test_a_stopped_forkserver_is_replaced_when_somebody_waits_for_it(
    trouble: Callable[[str], ComputePart],
) -> None:
    async with _executor() as executor:
        await until(lambda: all(lane.idle for lane in executor._lanes.values()))
        forkserver = executor._forkserver._process
        assert forkserver is not None
        os.kill(forkserver.pid, signal.SIGSTOP)
        with pytest.raises(WorkerDied):
            await executor.call(trouble("exit"))
        assert isinstance(await executor.call(trouble("large")), EncodedSection)
        assert not alive(forkserver.pid)


async def test_a_worker_goes_after_so_many_parts_or_when_it_has_grown(
    trouble: Callable[[str], ComputePart], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("analyzer.executors.process.MOST_ANSWERS", 3)
    async with _executor() as executor:
        for _ in range(4):
            await executor.call(trouble("large"))
        assert executor.counts().restarts == 1
        await until(lambda: all(lane.idle for lane in executor._lanes.values()))
        monkeypatch.setattr("analyzer.executors.process.REST_SHARE", 0.0)
        await until(lambda: executor.counts().restarts > 1, "what it kept is more than nothing")
        monkeypatch.undo()
        assert isinstance(await executor.call(trouble("large")), EncodedSection)


async def test_closing_ends_every_worker_even_a_stopped_one(at_gate: tuple[ComputePart, Gate]) -> None:
    work, gate = at_gate
    before = family()
    async with _executor(workers=2) as executor:
        await until(lambda: sum(lane.idle for lane in executor._lanes.values()) == 5)
        waiting = asyncio.create_task(executor.call(work))
        (pid,) = await gate.reached()
        os.kill(pid, signal.SIGSTOP)
        ours = family() - before
        assert pid in ours
    waiting.cancel()
    await asyncio.wait([waiting])
    assert not {process for process in ours if alive(process)}


SCRIPT = f"""
import asyncio, sys, tempfile
from pathlib import Path
sys.path.insert(0, {PLUGIN!r})
from analyzer import Analyzer, Settings

async def main():
    with tempfile.TemporaryDirectory() as folder:
        async with Analyzer(Settings(data_dir=folder, workers=1)) as analyzer:
            dataset = await analyzer.add_dataset({str(PENGUINS)!r})
            run = await analyzer.submit(dataset.id, "test_parts")
            async for event in analyzer.events(run.id):
                last = event
            pid = next(slot._pid for slot in analyzer._executor._slots if slot.is_warm)
            environment = Path(f"/proc/{{pid}}/environ").read_text()
            print(last.type, "SECRET" in environment)

asyncio.run(main())
import multiprocessing
print(multiprocessing.get_start_method(allow_none=True))
"""


@pytest.mark.parametrize("way", ["script", "-c", "stdin"])
def test_unguarded_programs_work_and_their_secrets_stay_with_them(way: str, tmp_path: Path) -> None:
    """A script without `if __name__ == "__main__"`, `python -c`, and a program that has no file, as in a notebook."""
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    arguments = {"script": [str(script)], "-c": ["-c", SCRIPT], "stdin": ["-"]}[way]
    told = subprocess.run(
        [sys.executable, "-W", "error", *arguments],
        check=False,
        input=SCRIPT if way == "stdin" else "",
        env=os.environ | {"MY_SECRET": "SECRET"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert told.stderr == ""
    assert told.stdout.split() == ["run.completed", "False", "None"]


LEFT_BEHIND = """
import numpy
from analyzer.executors import worker
from analyzer.tables import own_bytes
blocks = [numpy.ones(1 << 17) for _ in range(400)]
pinned = blocks[::50]
del blocks
before = own_bytes()
worker._most_kept = before // 2
worker._give_back()
print(before, own_bytes())
"""


def test_what_large_work_leaves_behind_goes_back_to_the_system() -> None:
    """Even where what is still used lies between, as in a heap."""
    told = subprocess.run(
        [sys.executable, "-c", LEFT_BEHIND],
        check=True,
        env=os.environ | MEMORY_OF_ITS_OWN,
        capture_output=True,
        text=True,
        timeout=60,
    )
    before, after = map(int, told.stdout.split())
    assert before > 400 << 20
    assert after < before / 2


async def test_killing_the_server_leaves_no_worker(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        textwrap.dedent(
            """
            import asyncio
            from analyzer.executors.process import ProcessExecutor

            async def main():
                executor = ProcessExecutor(2, 2**30)
                await executor.start()
                while sum(lane.idle for lane in executor._lanes.values()) < 5:
                    await asyncio.sleep(0.01)
                print("ready", flush=True)
                await asyncio.Event().wait()

            asyncio.run(main())
            """
        )
    )
    server = await asyncio.create_subprocess_exec(sys.executable, str(script), stdout=subprocess.PIPE)
    assert server.stdout is not None
    assert await server.stdout.readline() == b"ready\n"
    children = family(server.pid)
    assert len(children) == 6, "the forkserver and its five workers"
    os.kill(max(children), signal.SIGSTOP)
    os.kill(min(children), signal.SIGSTOP)
    server.kill()
    await server.wait()
    await until(lambda: not any(alive(pid) for pid in children), "all children gone")


async def test_workers_are_no_session_of_their_own() -> None:
    """The system shares the processors between sessions first: only within ours are the workers nicer than the loop."""
    async with _executor() as executor:
        pid = next(slot._pid for slot in executor._slots if slot._pid is not None)
        assert os.getsid(pid) == os.getsid(0)
        assert os.getpgid(pid) != os.getpgid(0)  # Ctrl-C at the terminal is not for them
        assert os.getpriority(os.PRIO_PROCESS, pid) > os.getpriority(os.PRIO_PROCESS, 0)


FORKED = """
import os, sys
from analyzer.executors import worker  # as the forkserver does

def begin():
    worker.begin(0)
    print("begun", flush=True)

child = os.fork()
if not child and sys.argv[1] == "orphan":
    child = os.fork()
if child:
    os.waitpid(child, 0)
else:
    begin()
os._exit(0)
"""


@pytest.mark.parametrize(("whose", "told"), [("child", "begun\n"), ("orphan", "")])
def test_a_worker_whose_forkserver_has_ended_meanwhile_does_not_begin(whose: str, told: str) -> None:
    """It would be told of no end any more, and stay for ever."""
    command = [sys.executable, "-c", FORKED, whose]
    assert subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout == told
