"""What can be wrong with an upload, end to end: the answer names a place, and the server stays small and whole."""

import asyncio
import gzip
import io
import os
import signal
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import aiohttp
import psutil
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import pytest_asyncio

from analyzer import Settings, create_app, uploads
from analyzer.executors.base import Lane
from analyzer.executors.slot import Slot
from analyzer.service import Analyzer
from analyzer.web.keys import ANALYZER
from tests.api import Answer, Api
from tests.conftest import serving
from tests.ingest.test_packed import zipped
from tests.ingest.workbooks import xlsx
from tests.serverprocess import server
from tests.waiting import until

MIB = 1 << 20
MOST_GROWTH_BYTES = 20 * MIB
PIECE = b"x" * MIB


def _dictionary_bomb() -> bytes:
    """A small Parquet file of one long text, many times."""
    file = io.BytesIO()
    pq.write_table(pa.table({"a": ["x" * 4_000] * 20_000}), file)
    return file.getvalue()


def _parts(count: int, nested: bool) -> bytes:
    kind = b"Content-Type: multipart/mixed; boundary=c\r\n" if nested else b""
    return b'--b\r\nContent-Disposition: form-data; name="p"\r\n%s\r\nx\r\n' % kind * count + b"--b--\r\n"


BOMBS: dict[str, Callable[[], bytes]] = {
    "bomb.csv.gz": lambda: gzip.compress(b"1,2\n" * 50 * MIB, 1),
    "bomb.zip": lambda: zipped(bomb_csv=b"1,2\n" * 50 * MIB),
    "bomb.xlsx": lambda: xlsx({"One": [["a" * 100 * MIB]]}),
    "bomb.parquet": _dictionary_bomb,
}


async def _endless_line() -> AsyncIterator[bytes]:
    yield b"a,b\n1,2\n"
    for _ in range(1024):
        yield PIECE


@pytest.mark.timeout(180)
async def test_bombs_long_lines_and_endless_forms_leave_the_server_small(tmp_path: Path) -> None:
    async with (
        server(tmp_path / "data", workers=1) as process,
        aiohttp.ClientSession(process.url) as http,
    ):
        api, of_server = Api(http), psutil.Process(process.process.pid)
        await api.dataset(b"a,b\n1,2\n" * 1_000_000)  # what a large upload brings with it is there
        before = of_server.memory_info().rss
        for name, made in BOMBS.items():
            problem = (await api.upload(made(), name)).problem(422, "decompression-limit")
            assert problem["where"]
            assert problem["limit"] > 0
        answer = await api.ask("POST", "/api/upload?filename=long.csv", data=_endless_line())
        problem = answer.problem(422, "line-too-long")
        assert problem["where"] == {"line": 3}
        wide = b",".join(b"%d" % number for number in range(100_000)) + b"\n"
        assert (await api.upload(wide * 3)).problem(422, "too-wide")["where"] == {"line": 1}
        for nested in (False, True):
            body, headers = _parts(10_000, nested), {"Content-Type": "multipart/form-data; boundary=b"}
            answer = await api.ask("POST", "/api/upload", data=io.BytesIO(body), headers=headers)
            answer.problem(400, "malformed-multipart")
        assert of_server.memory_info().rss - before < MOST_GROWTH_BYTES
        assert (await api.get("/api/run/status")).json["slots"]["restarts"] == 0
        assert not list((tmp_path / "data" / "drafts").iterdir())


DEEP = 100_000
FAULTS: dict[str, tuple[str, bytes, int, str]] = {
    "a pickle": ("t.csv", b"\x80\x04\x95\x10\x00\x00\x00\x00\x00\x00\x00.", 415, "unsupported-format"),
    "HDF": ("t.csv", b"\x89HDF\r\n\x1a\n" + bytes(99), 415, "unsupported-format"),
    "an executable": ("t.csv", b"\x7fELF\x02\x01\x01" + bytes(99), 415, "unsupported-format"),
    "HTML": ("t.csv", b"<!doctype html><table><tr><td>1", 415, "unsupported-format"),
    "no bytes": ("t.csv", b"", 422, "empty-dataset"),
    "blank lines": ("t.csv", b"\n \n\n", 422, "empty-dataset"),
    "entities": ("t.xlsx", xlsx({"One": [[1]]}, prolog='<!DOCTYPE x [<!ENTITY a "aa">]>'), 422, "unsafe-document"),
    "NaN": ("t.json", b'[{"a":NaN}]', 422, "invalid-json"),
    "too deep": ("t.json", b"[" * DEEP + b"]" * DEEP, 422, "invalid-json"),
    "something behind": ("t.json", b'[{"a":1}] x', 422, "invalid-json"),
    "no table": ("t.json", b'{"a":1}', 422, "not-a-table"),
    "no rows": ("t.json", b"[]", 422, "empty-dataset"),
    "cut off": ("t.csv.gz", gzip.compress(os.urandom(9_999).hex().encode())[:-4_000], 422, "parse-error"),
}


@pytest.mark.parametrize("what", FAULTS)
async def test_a_refused_file_is_told_where_and_leaves_nothing(api: Api, analyzer: Analyzer, what: str) -> None:
    name, content, status, code = FAULTS[what]
    problem = (await api.upload(content, name)).problem(status, code)
    assert problem["where"]
    assert not list((analyzer.settings.data_dir / "drafts").iterdir())


@pytest_asyncio.fixture
async def own(make_settings: Callable[..., Settings]) -> AsyncIterator[tuple[Api, Analyzer]]:
    app = create_app(make_settings(workers=2, max_queued_uploads=20))
    async with serving(app) as url, aiohttp.ClientSession(url, connector=aiohttp.TCPConnector(limit=0)) as http:
        await app[ANALYZER].ready()
        yield Api(http), app[ANALYZER]


def _slot_of(analyzer: Analyzer, lane: Lane) -> Slot:
    """The idle slot that is asked next."""
    slot: Slot = analyzer._executor._lanes[lane]._idle[0]
    return slot


async def test_a_file_that_ends_its_parser_costs_itself_only(own: tuple[Api, Analyzer]) -> None:
    api, analyzer = own
    lane = analyzer._executor._lanes[Lane.WORK]
    await until(lambda: lane.idle == 2)
    pid = _slot_of(analyzer, Lane.WORK)._pid
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)  # so that it is certainly reading when it ends
    upload = asyncio.create_task(api.upload(b"a,b\n1,deadly\n"))
    await until(lambda: lane.busy == 1, "it is being read")
    assert (await api.upload(b"a,b\n1,harmless\n")).status == 201
    os.kill(pid, signal.SIGKILL)
    (await upload).problem(422, "parser-crashed")
    await until(lambda: lane.idle == 2, "its slot is there again")
    assert not list((analyzer.settings.data_dir / "drafts").iterdir())


async def test_nor_does_one_that_is_read_while_it_arrives(
    own: tuple[Api, Analyzer], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "EARLY_BYTES", 100_000)
    monkeypatch.setattr(uploads, "BUFFER_BYTES", 50_000)
    api, analyzer = own
    lane = analyzer._executor._lanes[Lane.ARRIVALS]
    await until(lambda: lane.idle == 1)
    pid = _slot_of(analyzer, Lane.ARRIVALS)._pid
    assert pid is not None

    async def pieces() -> AsyncIterator[bytes]:
        yield b"a,b\n" + b"1,2\n" * 50_000
        await until(lambda: lane.busy == 1, "it is being read")
        os.kill(pid, signal.SIGKILL)
        while True:
            yield b"1,2\n" * 20_000
            await asyncio.sleep(0.01)

    answer = await api.ask("POST", "/api/upload?filename=t.csv", data=pieces())
    answer.problem(422, "parser-crashed")
    await until(lambda: lane.idle == 1, "its slot is there again")


async def test_of_two_hundred_uploads_at_once_each_is_taken_or_told_to_come_back(own: tuple[Api, Analyzer]) -> None:
    api, _ = own

    async def upload(number: int) -> tuple[int, Answer]:
        return number, await api.upload(b"number\n" + b"%d\n" % number * 1_000)

    answers = await asyncio.gather(*map(upload, range(200)))
    assert {answer.status for _, answer in answers} == {201, 429}
    for number, answer in answers:
        if answer.status == 429:
            assert answer.problem(429, "busy")["retry_after"] == int(answer.headers["Retry-After"]) > 0
        else:
            page = await api.get(f"/api/datasets/{answer.json['file_id']}/rows?offset=999")
            assert page.json == {"columns": ["number"], "rows": [[number]], "total": 1_000}


async def test_a_file_that_takes_too_much_memory_is_refused_as_such(make_settings: Callable[..., Settings]) -> None:
    app = create_app(make_settings(task_memory_bytes=64 * MIB))
    async with serving(app) as url, aiohttp.ClientSession(url) as http:
        document = b'{"a": [' + b"1.5," * 5_000_000 + b"1.5]}"  # which has to be in memory as a whole
        problem = (await Api(http).upload(document, "t.json")).problem(422, "decompression-limit")
        assert problem["limit"] == 64 * MIB
        assert problem["where"]
        assert (await Api(http).upload(b"a,b\n1,2\n")).status == 201
