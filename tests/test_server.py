"""The server as a process: its start, its end, and what it finds when it starts again."""

import asyncio
import gc
import json
import os
import signal
from pathlib import Path

import aiohttp

from analyzer.eventstream import EventStreamParser
from tests.api import Api
from tests.conftest import PLUGIN
from tests.serverprocess import COMMAND, SOURCE, server
from tests.waiting import Gate, until

TABLE = b"a,b\n1,x\n2,y\n"


async def test_sigterm_ends_it_cleanly_in_the_middle_of_everything(tmp_path: Path) -> None:
    gate = Gate(tmp_path / "gate")
    async with (
        server(tmp_path / "data", shutdown_grace_seconds=0.3) as process,
        aiohttp.ClientSession(process.url) as http,
    ):
        api = Api(http)
        run = await api.start(await api.dataset(TABLE), "test_gate", gate=str(gate.folder))
        watching = asyncio.create_task(api.get(f"/api/run/{run}/events"))
        await gate.reached()
        assert await process.stop() == 0
        stream = await watching
    kinds = [frame.type for frame in EventStreamParser().feed(stream.body)]
    assert kinds == ["run.queued", "run.started", "shutdown"]
    assert "Traceback" not in process.log
    async with server(tmp_path / "data") as process, aiohttp.ClientSession(process.url) as http:
        api = Api(http)
        gate.open()
        assert await api.result(run) == {"lines": ["part 0", "part 1"]}


async def test_running_work_gets_its_grace(tmp_path: Path) -> None:
    gate = Gate(tmp_path / "gate")
    async with (
        server(tmp_path / "data", shutdown_grace_seconds=30) as process,
        aiohttp.ClientSession(process.url) as http,
    ):
        api = Api(http)
        run = await api.start(await api.dataset(TABLE), "test_gate", gate=str(gate.folder))
        await gate.reached()
        stopping = asyncio.create_task(process.stop())
        await until(lambda: "stopping" in process.log)
        gate.open()
        assert await stopping == 0
    async with server(tmp_path / "data") as process, aiohttp.ClientSession(process.url) as http:
        assert await Api(http).result(run) == {"lines": ["part 0", "part 1"]}


async def test_kill_leaves_nothing_stuck_and_loses_nothing_finished(tmp_path: Path) -> None:
    gate = Gate(tmp_path / "gate")
    async with server(tmp_path / "data") as process, aiohttp.ClientSession(process.url) as http:
        api = Api(http)
        dataset = await api.dataset(TABLE)
        finished = await api.start(dataset, "test_parts")
        events, result = await api.watch(finished), await api.get(f"/api/run/{finished}/result")
        running = await api.start(dataset, "test_gate", gate=str(gate.folder))
        await gate.reached()
        assert await process.stop(signal.SIGKILL) == -signal.SIGKILL
    async with server(tmp_path / "data") as process, aiohttp.ClientSession(process.url) as http:
        api = Api(http)
        assert await api.watch(finished) == events
        assert (await api.get(f"/api/run/{finished}/result")).body == result.body
        assert (await api.get(f"/api/datasets/{dataset}")).json["rows"] == 2
        gate.open()
        assert await api.result(running) == {"lines": ["part 0", "part 1"]}
        assert await api.result(await api.start(dataset, "test_parts"))
        assert await process.stop(signal.SIGINT) == 0


async def test_one_data_folder_takes_one_server(tmp_path: Path) -> None:
    async with server(tmp_path / "data") as first:
        second = await asyncio.create_subprocess_exec(
            *COMMAND, "--port", "0", "--data-dir", str(tmp_path / "data"), stderr=asyncio.subprocess.PIPE
        )
        _, told = await second.communicate()
        assert second.returncode == 2
        assert f"in use by process {first.process.pid}" in told.decode()
        assert "ANALYZER_DATA_DIR" in told.decode()
        assert "Traceback" not in told.decode()


async def test_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    async with server(tmp_path / "data") as first:
        port = first.url.rpartition(":")[2]
        second = await asyncio.create_subprocess_exec(
            *COMMAND, "--port", port, "--data-dir", str(tmp_path / "other"), stderr=asyncio.subprocess.PIPE
        )
        _, told = await second.communicate()
        assert second.returncode == 2
        assert port in told.decode()
        assert "Traceback" not in told.decode()


async def test_it_answers_for_its_own_names_only(tmp_path: Path) -> None:
    async with server(tmp_path / "data") as process, aiohttp.ClientSession(process.url) as http:
        api = Api(http)
        for host in ("localhost:8000", "LOCALHOST", "127.0.0.1", "[::1]:80"):
            assert (await api.get("/health", headers={"Host": host})).status == 200, host
        for host in ("evil.example", "127.0.0.1.evil.example", "[::2]"):
            problem = (await api.get("/health", headers={"Host": host})).problem(421, "host-not-allowed")
            assert "ANALYZER_ALLOWED_HOSTS" in problem["detail"]


async def test_an_operator_can_follow_one_run(tmp_path: Path) -> None:
    async with server(tmp_path / "data", log_format="json", ttl_seconds=1) as process, aiohttp.ClientSession() as http:
        url, api = process.url, Api(http)
        form = aiohttp.FormData()
        form.add_field("file", TABLE, filename="t.csv")
        dataset = (await api.ask("POST", f"{url}/api/upload", data=form)).json["file_id"]
        body = {"file_id": dataset, "task_id": "test_parts"}
        run = (await api.ask("POST", f"{url}/api/run", json=body)).json["task_execution_id"]
        await until(lambda: "result removed" in process.log and "dataset removed" in process.log)
        lines = [json.loads(line) for line in process.log.splitlines()]
        told = {line["message"]: line for line in lines if run == line.get("run") or dataset == line.get("dataset")}
        assert told["dataset added"]["rows"] == 2
        assert told["run started"]["active"] == 1
        assert (told["run ended"]["status"], told["run ended"]["active"]) == ("completed", 0)
        assert told["dataset removed"]["remaining"] == 0
        assert (told["result removed"]["why"], told["result removed"]["remaining"]) == ("expired", 0)
        (await api.get(f"{url}/api/datasets/{dataset}")).problem(410, "expired")
        (await api.get(f"{url}/api/run/{run}/result")).problem(410, "expired")
        assert not list((tmp_path / "data" / "tables").iterdir())
        assert not list((tmp_path / "data").glob("results/*"))


async def test_it_looks_for_cycles_seldom_and_not_among_what_it_imported(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(
        "import atexit, gc, sys\n"
        "atexit.register(lambda: print('collector', gc.get_threshold()[0], gc.get_freeze_count(), file=sys.stderr))\n"
    )
    places = os.pathsep.join(map(str, (tmp_path, PLUGIN, SOURCE)))
    async with server(tmp_path / "data", {"PYTHONPATH": places}) as process:
        assert await process.stop() == 0
    told = [line.split()[1:] for line in process.log.splitlines() if line.startswith("collector")]
    after, frozen = map(max, zip(*(map(int, figures) for figures in told), strict=True))  # children may tell theirs too
    assert after > gc.get_threshold()[0]
    assert frozen > 10_000
