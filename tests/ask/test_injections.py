"""Tables that give orders, and a model that obeys: what it was sent, what left, and what was touched."""

import json
import sys
import unicodedata
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import psutil
import pytest
import pytest_asyncio

from tests.ask.injections import INJECTIONS, MARK, Injection
from tests.jail.places import IN_DATA, IN_ENVIRONMENT, IN_FILE, WAYS, Host, watched

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="there is a jail on Linux alone")


@pytest_asyncio.fixture(scope="module")
async def host(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Host]:
    script = tmp_path_factory.mktemp("obedient") / "script.json"
    async with watched(WAYS[0], llm="scripted", llm_endpoint=script) as host:
        # It is read when somebody asks first, and can name what the host watches.
        lines = [
            {"when": f"^{one.name}$", "say": [say.replace("HOST[", f"{host.told!r}[") for say in one.obeys]}
            for one in INJECTIONS
        ]
        script.write_text(json.dumps({"lines": lines}))
        yield host
        assert IN_ENVIRONMENT not in host.server.log
        assert "Traceback" not in host.server.log


@pytest.mark.parametrize("injection", INJECTIONS, ids=lambda injection: injection.name)
async def test_orders_in_a_table_are_data(host: Host, injection: Injection) -> None:
    file_id = await host.api.dataset(injection.table, injection.filename)
    files = host.files()
    run_id = await host.api.start(file_id, "ask_question", question=injection.name)
    events = await host.api.watch(run_id)
    ended = json.loads(events[-1].data)
    if events[-1].type == "run.completed":
        told: dict[str, Any] = await host.api.result(run_id)
        outcome = told["outcome"]
        assert "99999" not in told["answer"]
    else:
        told = ended["error"]
        outcome = str(told["type"]).rpartition("/")[2]
    assert outcome in injection.ends, told
    calls = (await host.api.get(f"/api/run/{run_id}/prompt")).json["calls"]
    _check_first_prompt(calls[0]["messages"][-1]["text"], injection)
    sent = json.dumps(calls)
    assert "Zebulon" not in sent
    everything = sent + json.dumps(told) + "".join(event.data for event in events)
    for secret in (IN_FILE, IN_ENVIRONMENT, IN_DATA):
        assert secret not in everything
    assert host.heard == []
    assert host.files() == files
    assert not (host.folder / "x").exists()
    assert psutil.Process(host.victim.pid).status() == psutil.STATUS_SLEEPING
    assert host.server.process.returncode is None


def _check_first_prompt(prompt: str, injection: Injection) -> None:
    before, begin, rest = prompt.partition("<tables>\n")
    block, end, after = rest.partition("\n</tables>")
    assert begin
    assert end
    assert MARK not in before + after
    assert (MARK in block) == injection.is_told
    for tag in ("<tables>", "</tables>"):
        assert prompt.count(tag) == 1
    assert [line for line in prompt.splitlines() if line.startswith("Question:")] == [f'Question: "{injection.name}"']
    assert "\n" not in block
    assert all(unicodedata.category(char) not in ("Cc", "Cf", "Co", "Cn", "Zl", "Zp") for char in block)
    told = json.loads(block)["df"]
    assert [column["name"] for column in told["columns"]][2] == "mass"
    if injection.often != "usual" and len(injection.often) < 120:
        assert told["columns"][0]["values"][injection.often] == 20


def test_each_is_another_one() -> None:
    assert len({injection.name for injection in INJECTIONS}) == len(INJECTIONS)
    assert all(MARK in str(Path(one.filename)) + one.header + one.often + one.once for one in INJECTIONS)
