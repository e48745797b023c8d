"""Behind a real nginx, with the configuration of the guide."""

import asyncio
import re
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from tests.api import Api
from tests.serverprocess import server
from tests.waiting import Gate, until

GUIDE = Path(__file__).parents[2] / "docs/nginx.md"
NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")

pytestmark = pytest.mark.skipif(NGINX is None, reason="nginx is not installed")

NAME = "data.example.org"
TABLE = b"a,b\n1,x\n2,y\n"

# What only a test needs: no root, no TLS, files in a folder of its own.
AROUND = """
daemon off;
master_process off;
pid {folder}/pid;
error_log {folder}/error.log info;
events {{ worker_connections 256; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
{guide}
}}
"""


def _configuration(folder: Path, upstream: str, port: int) -> str:
    """The guide's, word for word but for its ports and its certificate."""
    found = re.search(r"```nginx\n(.*?)```", GUIDE.read_text(), re.DOTALL)
    assert found
    guide = found[1]
    for theirs, ours in (
        ("server 127.0.0.1:8000;", f"server {upstream.removeprefix('http://')};"),
        ("listen 443 ssl;", f"listen 127.0.0.1:{port};"),
        ("    http2 on;\n", ""),
    ):
        assert theirs in guide
        guide = guide.replace(theirs, ours)
    guide = re.sub(r"    ssl_certificate.*\n", "", guide)
    return AROUND.format(folder=folder, guide=guide)


@asynccontextmanager
async def _nginx(folder: Path, upstream: str, port: int) -> AsyncIterator[str]:
    """nginx before this server; its URL."""
    folder.mkdir()
    (folder / "nginx.conf").write_text(_configuration(folder, upstream, port))
    assert NGINX is not None
    process = await asyncio.create_subprocess_exec(
        *(NGINX, "-p", str(folder), "-c", str(folder / "nginx.conf"), "-e", str(folder / "error.log"))
    )
    try:
        await until(lambda: (folder / "pid").exists() or process.returncode is not None, "nginx has started")
        assert process.returncode is None, (folder / "error.log").read_text()
        yield f"http://127.0.0.1:{port}"
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    return tmp_path / "data"


@asynccontextmanager
async def _behind(tmp_path: Path, data_dir: Path, port: int) -> AsyncIterator[Api]:
    async with (
        server(data_dir, workers=2, allowed_hosts=NAME) as process,
        _nginx(tmp_path / "nginx", process.url, port) as url,
        aiohttp.ClientSession(url) as http,
    ):
        yield Api(http, {"Host": NAME})


async def test_events_come_while_the_run_still_runs(tmp_path: Path, data_dir: Path, unused_tcp_port: int) -> None:
    gate = Gate(tmp_path / "gate")
    async with _behind(tmp_path, data_dir, unused_tcp_port) as api:
        run = await api.start(await api.dataset(TABLE), "test_gate", gate=str(gate.folder))
        async with api.http.get(f"/api/run/{run}/events", headers=api.headers) as stream:
            received = b""
            async with asyncio.timeout(20):
                while b"event: run.started" not in received:
                    received += await stream.content.readany()
            assert b"run.completed" not in received
            gate.open()
            received += await stream.read()
        assert b"event: run.completed" in received
        events = await api.watch(run)
        assert await api.watch(run, last_event_id=events[1].id) == events[2:]
        tag = (await api.get(f"/api/run/{run}/result")).headers["ETag"]
        assert (await api.get(f"/api/run/{run}/result", headers={"If-None-Match": tag})).status == 304


async def test_an_upload_comes_in_as_it_is_sent_and_may_be_large(
    tmp_path: Path, data_dir: Path, unused_tcp_port: int
) -> None:
    rest = asyncio.Event()
    piece = b"1,x\n" * 100_000

    async def sent() -> AsyncIterator[bytes]:
        yield b"a,b\n" + piece * 3
        await rest.wait()
        yield piece * 3

    def arrived() -> int:
        return sum(file.stat().st_size for file in data_dir.rglob("*") if file.is_file() and "state" not in file.name)

    async with _behind(tmp_path, data_dir, unused_tcp_port) as api:
        before = arrived()
        uploading = asyncio.create_task(api.ask("POST", "/api/upload?filename=large.csv", data=sent()))
        await until(lambda: arrived() > before + len(piece), "the first half has arrived before the second is sent")
        rest.set()
        answer = await uploading
        assert (answer.status, answer.json["rows"]) == (201, 600_000)


async def test_names_and_origins_are_those_of_the_browser(tmp_path: Path, data_dir: Path, unused_tcp_port: int) -> None:
    async with _behind(tmp_path, data_dir, unused_tcp_port) as api:
        for host in (NAME, f"{NAME}:8443"):
            own = {"Host": host, "Origin": f"https://{host}", "Sec-Fetch-Site": "same-origin"}
            assert (await api.upload(TABLE, headers=own)).status == 201
        (await api.upload(TABLE, headers={"Origin": "https://evil.example"})).problem(403, "cross-site")
        (await api.get("/health", headers={"Host": "evil.example"})).problem(421, "host-not-allowed")
        made = await api.upload(TABLE)
        assert (await api.get(made.headers["Location"])).status == 200


async def test_who_leaves_nginx_has_left_the_analyzer(tmp_path: Path, data_dir: Path, unused_tcp_port: int) -> None:
    """An upload that breaks off leaves nothing behind."""

    def drafts() -> list[Path]:
        return list((data_dir / "drafts").iterdir())

    async with _behind(tmp_path, data_dir, unused_tcp_port) as api:
        _, writer = await asyncio.open_connection("127.0.0.1", unused_tcp_port)
        head = f"POST /api/upload?filename=t.csv HTTP/1.1\r\nHost: {NAME}\r\nContent-Length: 9000000\r\n\r\n"
        writer.write(head.encode() + b"a,b\n" + b"1,x\n" * 100_000)
        await until(drafts, "the upload has begun")
        writer.close()
        await until(lambda: not drafts(), "nothing of it is left")
        assert (await api.get("/api/datasets")).json["datasets"] == []
