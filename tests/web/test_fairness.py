"""Over HTTP: who has much waiting holds nobody up."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import aiohttp
import pytest_asyncio

from analyzer import Analyzer, Settings, create_app
from analyzer.executors.base import Lane
from analyzer.models import RunStatus
from analyzer.web.keys import ANALYZER
from tests.api import Api
from tests.conftest import Served, serving
from tests.waiting import PATIENCE_SECONDS, Gate, until

TABLE = b"a,b\n1,x\n2,y\n"
MANY = 500
SLOTS = 2


@pytest_asyncio.fixture
async def own(make_settings: Callable[..., Settings]) -> AsyncIterator[Served]:
    app = create_app(make_settings(workers=SLOTS, max_queued_tasks=600))
    async with serving(app) as url:
        await app[ANALYZER].ready()
        await until(lambda: _idle(app[ANALYZER]) == 2)
        yield Served(app[ANALYZER], url)


def _idle(analyzer: Analyzer) -> int:
    return analyzer._executor._lanes[Lane.WORK].idle


async def test_five_hundred_runs_of_one_do_not_hold_up_the_one_of_another(own: Served, tmp_path: Path) -> None:
    gates = [Gate(tmp_path / f"gate {number}") for number in range(MANY)]
    async with aiohttp.ClientSession(own.url) as http:
        first, second = Api(http, {"X-Session-ID": "first"}), Api(http, {"X-Session-ID": "second"})
        theirs, mine = await first.dataset(TABLE), await second.dataset(TABLE)
        for gate in gates:
            await first.start(theirs, "test_gate", gate=str(gate.folder), parts=1)
        await until(lambda: sum(bool(gate.pids) for gate in gates) == SLOTS, "a run of the first on each slot")
        gate = Gate(tmp_path / "gate of the second")
        run = await second.start(mine, "test_gate", gate=str(gate.folder), parts=1)
        opened: list[Gate] = []
        while not gate.pids:
            opened.append(next(one for one in gates if one.pids and one not in opened))
            opened[-1].open()
            await until(
                lambda: gate.pids or sum(bool(one.pids) for one in gates) == SLOTS + len(opened), "the next part"
            )
        assert len(opened) <= 1 + SLOTS, "a part for each slot, and one that was about to begin"
        status = (await first.get("/api/run/status")).json
        assert status["principals"]["session"]["principals"] == 2
        assert status["queued_tasks"] > MANY - 20
        assert (await second.get(f"/api/run/{run}")).json["status"] == "running"


async def test_what_a_question_has_computed_takes_its_turn(
    make_settings: Callable[..., Settings], tmp_path: Path, penguins: Path
) -> None:
    """On one slot: the other's run came later than the question of who has the slot, and still goes before it."""
    app = create_app(make_settings(workers=1, llm="scripted"))
    async with serving(app) as url, aiohttp.ClientSession(url) as http:
        analyzer = app[ANALYZER]
        await analyzer.ready()
        first, second = Api(http, {"X-Session-ID": "first"}), Api(http, {"X-Session-ID": "second"})
        theirs, mine = await first.dataset(penguins), await second.dataset(TABLE)
        gates = [Gate(tmp_path / name) for name in ("first", "second")]
        await first.start(theirs, "test_gate", gate=str(gates[0].folder), parts=1)
        await gates[0].reached()
        question = await first.start(theirs, "ask_question", question="What is the mean body mass?")
        await until(lambda: _asks_for_slots(analyzer) > 0, "the question needs the summary of its table")
        run = await second.start(mine, "test_gate", gate=str(gates[1].folder), parts=1)
        gates[0].open()
        await gates[1].reached()
        assert _asks_for_slots(analyzer) > 0, "the question still waits"
        assert (await first.get(f"/api/run/{question}")).json["status"] == RunStatus.RUNNING
        assert (await first.get(f"/api/run/{question}/prompt")).json == {"calls": []}
        gates[1].open()
        assert (await second.result(run)) == {"lines": ["part 0"]}
        assert (await first.result(question))["answer"] == "The mean of body_mass_g is 4201.75."


async def test_a_verification_takes_its_turn(
    make_settings: Callable[..., Settings], tmp_path: Path, penguins: Path
) -> None:
    async with Analyzer(make_settings(workers=1)) as analyzer:
        dataset = (await analyzer.add_dataset(penguins)).id
        run = (await analyzer.submit(dataset, "eda_statistical_summary")).id
        assert (await analyzer.outcome(run, PATIENCE_SECONDS)).status is RunStatus.COMPLETED
        gate = Gate(tmp_path / "gate")
        await analyzer.submit(dataset, "test_gate", {"gate": str(gate.folder), "parts": 1})
        await gate.reached()
        verifying = asyncio.create_task(analyzer.handouts.verify(run))
        await until(lambda: _asks_for_slots(analyzer) == 1)
        gate.open()
        assert not (await verifying).differences


def _asks_for_slots(analyzer: Analyzer) -> int:
    """How many pieces of work that are no run's parts wait for a slot."""
    shares = analyzer._scheduler._shares.values()
    return sum(ticket.asks for share in shares for ticket in share.at_work if not ticket.needs_place)
