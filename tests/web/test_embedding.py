"""Inside other applications: links, start and stop."""

import asyncio
import gc
import io
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from analyzer import Settings, create_app
from tests.api import Api
from tests.conftest import Served, serving
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


async def test_a_hosts_garbage_collector_is_its_own(tmp_path: Path) -> None:
    before = gc.get_threshold(), gc.get_freeze_count()
    async with serving(create_app(Settings(data_dir=tmp_path, workers=1))):
        assert (gc.get_threshold(), gc.get_freeze_count()) == before


@asynccontextmanager
async def _running(program: Path, port: int, **environment: str) -> AsyncIterator[Api]:
    """The program while it listens there. It ends when it is asked to, without complaint, and leaves nothing behind."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, str(program), str(port)),
        env=os.environ | environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    try:
        await _listening(process, port)
        async with aiohttp.ClientSession(f"http://127.0.0.1:{port}") as http:
            yield Api(http)
        children = family(process.pid)
        assert children
        process.terminate()
        async with asyncio.timeout(PATIENCE_SECONDS):
            _, told = await process.communicate()
        assert "Traceback" not in told.decode()
        await until(lambda: not any(alive(pid) for pid in children), "every process it started is gone")
    finally:
        if process.returncode is None:
            process.kill()
            await process.communicate()


async def _listening(process: asyncio.subprocess.Process, port: int) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except ConnectionError:
                await asyncio.sleep(0.02)
                assert process.returncode is None
            else:
                writer.close()
                return


async def test_the_aiohttp_example(tmp_path: Path, unused_tcp_port: int, penguins: Path) -> None:
    example = ROOT / "examples/embedded_aiohttp.py"
    async with _running(example, unused_tcp_port, ANALYZER_DATA_DIR=str(tmp_path)) as api:
        assert b"host's own page" in (await api.get("/")).body
        uploaded = await api.ask("POST", "/analysis/api/upload?filename=p.csv", data=penguins.open("rb"))
        assert uploaded.json["rows"] == 344


async def test_the_fastapi_example(tmp_path: Path, unused_tcp_port: int, penguins: Path) -> None:
    pytest.importorskip("fastapi")
    example = ROOT / "examples/embedded_fastapi.py"
    async with _running(example, unused_tcp_port, ANALYZER_DATA_DIR=str(tmp_path)) as api:
        added = await api.ask("POST", "/tables?name=p.csv", data=penguins.open("rb"))
        assert added.json["rows"] == 344
        lines = (await api.get(f"/tables/{added.json['id']}/summary")).body.decode()
        assert "bill_length_mm" in lines
        assert lines.rstrip().endswith('{"type": "run.completed", "section": null}')
        refused = await api.get("/tables/nonsense/summary")
        assert (refused.status, refused.json["type"]) == (404, "/problems/unknown-dataset")


# --- the guide --------------------------------------------------------------------------------------------------------


def _program(name: str, folder: Path, port: int, **more: int) -> Path:
    """A program of the guide, with the ports and the folder that it leaves open."""
    guide = (ROOT / "docs/embedding.md").read_text()
    program = guide.partition(f"```python\n# {name}\n")[2].partition("```")[0]
    assert program
    for word, value in {"DATA": folder / "data", **more, "PORT": port}.items():
        program = program.replace(word, str(value))
    file = folder / name
    file.write_text(program)
    return file


async def test_the_guides_mounted_application(tmp_path: Path, unused_tcp_port: int, penguins: Path) -> None:
    program = _program("embed_aiohttp.py", tmp_path, unused_tcp_port)
    async with _running(program, unused_tcp_port) as api:
        assert b"My own page" in (await api.get("/")).body
        uploaded = await api.ask("POST", "/analysis/api/upload?filename=p.csv", data=penguins.open("rb"))
        assert (await api.get(uploaded.headers["Location"])).json["rows"] == 344
        large = await api.ask(
            "POST", "/analysis/api/upload?filename=l.csv", data=io.BytesIO(b"a,b\n" + b"1,x\n" * 1_000_000)
        )
        assert large.json["rows"] == 1_000_000
        assert (await api.get("/analysis/docs")).status == 200


async def test_the_guides_server_beside_another(
    tmp_path: Path, unused_tcp_port_factory: Callable[[], int], penguins: Path
) -> None:
    port, beside = unused_tcp_port_factory(), unused_tcp_port_factory()
    program = _program("embed_beside.py", tmp_path, port, PORT_BESIDE=beside)
    async with _running(program, port) as api:
        assert (await api.get("/busy")).json == {"running": 0, "waiting": 0}
        answer = await api.ask("POST", f"http://127.0.0.1:{beside}/api/upload?filename=p.csv", data=penguins.open("rb"))
        assert answer.json["rows"] == 344
        refused = await api.get(f"http://127.0.0.1:{beside}/health", headers={"Host": "evil.example"})
        refused.problem(421, "host-not-allowed")


async def test_the_guides_library(tmp_path: Path, unused_tcp_port: int, penguins: Path) -> None:
    program = _program("embed_library.py", tmp_path, unused_tcp_port)
    async with _running(program, unused_tcp_port) as api:
        summary = await api.ask("POST", "/summary?name=p.csv&user=ann", data=penguins.open("rb"))
        assert summary.json["rows"] == 344
        refused = await api.ask("POST", "/summary?name=p.csv&user=ann", data=b"")
        assert (refused.status, refused.json["type"]) == (422, "/problems/empty-dataset")


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


async def test_the_client_example(served: Served, tmp_path: Path, penguins: Path) -> None:
    report = tmp_path / "report.html"
    program = await asyncio.create_subprocess_exec(
        *(sys.executable, "-W", "error", str(ROOT / "examples/client.py"), served.url, str(penguins), str(report)),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    out, err = (content.decode() for content in await program.communicate())
    assert (program.returncode, err) == (0, "")
    assert "sent 15241 of 15241 bytes" in out
    assert out.count("run.completed") == 2
    assert "mean of the first number: 43.92" in out
    assert "4201.75" in report.read_text()
