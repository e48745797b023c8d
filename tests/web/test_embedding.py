"""Inside other applications: links, start and stop."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from analyzer import Settings, create_app
from tests.api import Api
from tests.conftest import serving
from tests.waiting import PATIENCE_SECONDS, alive, family, until

ROOT = Path(__file__).parents[2]


async def test_below_another_app_every_link_is_right(tmp_path: Path, penguins: Path) -> None:
    before = family()
    host = web.Application()
    host.add_subapp("/analysis/", create_app(Settings(data_dir=tmp_path, workers=1)))
    async with serving(host) as url, aiohttp.ClientSession(url) as http:
        api = Api(http)
        form = aiohttp.FormData()
        form.add_field("file", penguins.read_bytes(), filename="penguins.csv")
        uploaded = await api.ask("POST", "/analysis/api/upload", data=form)
        assert (await api.get(uploaded.headers["Location"])).json == uploaded.json
        body = {"file_id": uploaded.json["file_id"], "task_id": "test_parts"}
        run = (await api.ask("POST", "/analysis/api/run", json=body)).json
        events = await api.get(run["links"]["events"])
        assert b"run.completed" in events.body
        assert f'"result_url":"{run["links"]["result"]}"'.encode() in events.body
        assert (await api.get(run["links"]["result"])).json["lines"] == ["part 0", "part 1", "part 2"]
        assert (await api.get(run["links"]["self"])).json["status"] == "completed"
        await api.ask("POST", "/analysis/api/run", json=body)
        page = await api.get("/analysis/api/runs?limit=1")
        assert "</analysis/api/runs?" in page.headers["Link"]
        (await api.get("/analysis/nowhere")).problem(404, "not-found")
        assert (await api.get("/analysis/health", headers={"Host": "any.example"})).status == 200
    await until(lambda: not {pid for pid in family() - before if alive(pid)}, "every process it started is gone")


async def _serve_example(name: str, port: int, data_dir: Path) -> asyncio.subprocess.Process:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(ROOT / "examples" / name),
        str(port),
        env=os.environ | {"ANALYZER_DATA_DIR": str(data_dir)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except ConnectionError:
                await asyncio.sleep(0.02)
                assert process.returncode is None
            else:
                writer.close()
                return process


async def _stop(process: asyncio.subprocess.Process) -> None:
    """It ends when it is asked to, without complaint, and leaves nothing behind."""
    children = family(process.pid)
    assert children
    process.terminate()
    async with asyncio.timeout(PATIENCE_SECONDS):
        _, told = await process.communicate()
    assert "Traceback" not in told.decode()
    await until(lambda: not any(alive(pid) for pid in children), "every process it started is gone")


async def test_the_aiohttp_example(tmp_path: Path, unused_tcp_port: int, penguins: Path) -> None:
    process = await _serve_example("embedded_aiohttp.py", unused_tcp_port, tmp_path)
    async with aiohttp.ClientSession(f"http://127.0.0.1:{unused_tcp_port}") as http:
        api = Api(http)
        assert b"host's own page" in (await api.get("/")).body
        uploaded = await api.ask("POST", "/analysis/api/upload?filename=p.csv", data=penguins.open("rb"))
        assert uploaded.json["rows"] == 344
    await _stop(process)


async def test_the_fastapi_example(tmp_path: Path, unused_tcp_port: int, penguins: Path) -> None:
    pytest.importorskip("fastapi")
    process = await _serve_example("embedded_fastapi.py", unused_tcp_port, tmp_path)
    async with aiohttp.ClientSession(f"http://127.0.0.1:{unused_tcp_port}") as http:
        api = Api(http)
        added = await api.ask("POST", "/tables?name=p.csv", data=penguins.open("rb"))
        assert added.json["rows"] == 344
        lines = (await api.get(f"/tables/{added.json['id']}/summary")).body.decode()
        assert "bill_length_mm" in lines
        assert lines.rstrip().endswith('{"type": "run.completed", "section": null}')
        refused = await api.get("/tables/nonsense/summary")
        assert (refused.status, refused.json["type"]) == (404, "/problems/unknown-dataset")
    await _stop(process)


def test_the_library_example(tmp_path: Path, penguins: Path) -> None:
    told = subprocess.run(
        [sys.executable, "-W", "error", str(ROOT / "examples/library.py"), str(penguins)],
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert told.stderr == ""
    assert "body_mass_g numeric 342 4201.754385964912" in told.stdout
