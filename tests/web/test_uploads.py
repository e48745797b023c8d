"""Uploads over HTTP: what is taken, what is refused, and that nothing stays of what was refused."""

import asyncio
import io
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio

from analyzer import Settings, create_app
from analyzer.service import Analyzer
from analyzer.uploads import display_name
from analyzer.web import receive
from analyzer.web.keys import ANALYZER
from tests.api import Api
from tests.conftest import serving
from tests.waiting import until

TABLE = b"a,b\n1,x\n2,y\n3,\n"


def _files(analyzer: Analyzer) -> set[Path]:
    return {path for path in analyzer.settings.data_dir.rglob("*") if path.is_file() and "state" not in path.name}


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("../../etc/passwd", "passwd"),
        ("..\\..\\boot.ini", "boot.ini"),
        ("/absolute.csv", "absolute.csv"),
        ("nul\0l.csv", "null.csv"),
        ("\u202egnp.csv", "gnp.csv"),
        ("..", "upload"),
        ("", "upload"),
        ("x" * 4096 + ".csv", "x" * 200),
        ("größe 表.csv", "größe 表.csv"),
    ],
)
def test_a_name_is_shown_and_decides_nothing(name: str, shown: str) -> None:
    assert display_name(name) == shown


async def test_a_hostile_name_writes_nothing_elsewhere(api: Api, analyzer: Analyzer) -> None:
    before = _files(analyzer)
    content = b"a,b\n1,unlike any other\n"
    body, headers = _form(('name="file"; filename="../../../../tmp/traversal.csv"', content))
    uploaded = (await api.ask("POST", "/api/upload", data=body, headers=headers)).json
    assert uploaded["filename"] == "traversal.csv"
    new = {path.relative_to(analyzer.settings.data_dir).parts for path in _files(analyzer) - before}
    assert {(parts[0], parts[-1]) for parts in new} == {("originals", uploaded["sha256"]), ("tables", "table")}
    assert not Path("/tmp/traversal.csv").exists()


@pytest.mark.parametrize(
    ("content", "status", "code"),
    [
        (b"", 422, "empty-dataset"),
        (b"\n\n  \n", 422, "empty-dataset"),
        (b"\x80\x04\x95\x10\x00\x00\x00\x00\x00\x00\x00.", 415, "unsupported-format"),
        (b"\x7fELF\x02\x01\x01" + bytes(100), 415, "unsupported-format"),
        (b"<!DOCTYPE html><html><body>x</body></html>", 415, "unsupported-format"),
    ],
)
async def test_what_is_no_table_is_named_and_not_kept(
    api: Api, analyzer: Analyzer, content: bytes, status: int, code: str
) -> None:
    before = _files(analyzer)
    (await api.upload(content)).problem(status, code)
    assert _files(analyzer) == before


async def test_a_header_alone_is_an_empty_table_with_a_warning(api: Api) -> None:
    uploaded = (await api.upload(b"a,b\n")).json
    assert (uploaded["rows"], uploaded["columns"]) == (0, 2)
    assert uploaded["report"]["warnings"]


def _form(*parts: tuple[str, bytes], boundary: str = "b") -> tuple[io.BytesIO, dict[str, str]]:
    body = b"".join(
        b"--%s\r\nContent-Disposition: form-data; %s\r\n\r\n%s\r\n" % (boundary.encode(), head.encode(), content)
        for head, content in parts
    )
    return io.BytesIO(body + b"--%s--\r\n" % boundary.encode()), {
        "Content-Type": f"multipart/form-data; boundary={boundary}"
    }


@pytest.mark.parametrize(
    ("parts", "names"),
    [
        ([('name="other"', b"x")], "'other'"),
        ([], "file"),
        ([('name="file"; filename="a"', TABLE)] * 2, "more than one"),
        ([(f'name="p{number}"', b"x") for number in range(10_000)], "64 parts"),
        ([('name="delimiter"', b"x" * 100_000), ('name="file"', TABLE)], "'delimiter'"),
    ],
)
async def test_a_form_that_is_no_upload_is_named(
    api: Api, analyzer: Analyzer, parts: list[tuple[str, bytes]], names: str
) -> None:
    before = _files(analyzer)
    body, headers = _form(*parts)
    problem = (await api.ask("POST", "/api/upload", data=body, headers=headers)).problem(400, "malformed-multipart")
    assert names in problem["detail"]
    assert _files(analyzer) == before


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("multipart/form-data", b"x"),
        ("multipart/form-data; boundary=b", b""),
        ("multipart/form-data; boundary=b", b"--c\r\n\r\nx"),
        ("multipart/form-data; boundary=b", b'--b\r\nContent-Disposition: form-data; name="file"\r\n\r\nhalf'),
        (
            "multipart/form-data; boundary=b",
            b"--b\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n--c\r\n\r\nx\r\n--c--\r\n--b--\r\n",
        ),
        ("multipart/form-data; boundary=" + "x" * 100, b"--x\r\n\r\n"),
    ],
)
async def test_broken_forms_are_refused(api: Api, content_type: str, body: bytes) -> None:
    answer = await api.ask("POST", "/api/upload", data=body, headers={"Content-Type": content_type})
    answer.problem(400, "malformed-multipart")


async def test_options_come_by_form_or_query(api: Api) -> None:
    content = b"a;b\n1,5;x\n"
    body, headers = _form(
        ('name="decimal"', b","), ('name="file"; filename="t.csv"', content), ('name="delimiter"', b";")
    )
    by_form = (await api.ask("POST", "/api/upload", data=body, headers=headers)).json
    by_query = (await api.ask("POST", "/api/upload?decimal=,&delimiter=;&filename=t.csv", data=content)).json
    assert by_form["table"] == by_query["table"]
    assert [column["type"] for column in by_form["table"]] == ["double", "string"]
    problem = (await api.ask("POST", "/api/upload?delimeter=;", data=content)).problem(422, "invalid-parameters")
    assert "delimeter" in problem["detail"]
    (await api.ask("POST", "/api/upload?types={", data=content)).problem(422, "invalid-parameters")


@pytest_asyncio.fixture
async def small(make_settings: Callable[..., Settings]) -> AsyncIterator[tuple[Api, Analyzer]]:
    """A server that takes little."""
    app = create_app(make_settings(max_upload_bytes=1000, max_queued_uploads=0))
    async with serving(app) as url, aiohttp.ClientSession(url) as http:
        yield Api(http), app[ANALYZER]


async def _pieces(count: int) -> AsyncIterator[bytes]:
    for _ in range(count):
        yield b"1,2,3,4,5\n" * 10


async def test_too_much_is_refused_declared_or_not(small: tuple[Api, Analyzer]) -> None:
    api, analyzer = small
    declared = await api.ask("POST", "/api/upload", data=io.BytesIO(bytes(2_000_000)))
    assert declared.problem(413, "upload-too-large")["limit"] == 1000
    chunked = await api.ask("POST", "/api/upload", data=_pieces(100))
    assert chunked.problem(413, "upload-too-large")["limit"] == 1000
    (await api.upload(b"1,2\n" * 300)).problem(413, "upload-too-large")
    assert (await api.upload(b"1,2\n" * 200)).status == 201
    assert len(_files(analyzer)) == 4  # the lock, the note of the temporary folder, and one dataset's two


@pytest.mark.parametrize(
    "sent",
    [
        b"Content-Length: 1001\r\n\r\n",  # and not a byte of it
        b"Transfer-Encoding: chunked\r\n\r\n4000\r\n" + bytes(0x4000) + b"\r\n",  # and not the end of it
    ],
)
async def test_too_much_is_refused_without_waiting_for_the_rest(small: tuple[Api, Analyzer], sent: bytes) -> None:
    api, analyzer = small
    before = _files(analyzer)
    reader, writer = await asyncio.open_connection(
        str(api.http._base_url.host),  # type: ignore[union-attr]
        api.http._base_url.port,  # type: ignore[union-attr]
    )
    writer.write(b"POST /api/upload HTTP/1.1\r\nHost: x\r\n" + sent)
    answer = await reader.read()  # to its end: the connection is closed
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"upload-too-large" in answer
    writer.close()
    await until(lambda: _files(analyzer) == before)


async def test_who_leaves_halfway_leaves_nothing(small: tuple[Api, Analyzer]) -> None:
    api, analyzer = small
    host, port = str(api.http._base_url.host), api.http._base_url.port  # type: ignore[union-attr]
    before = _files(analyzer)
    _, writer = await asyncio.open_connection(host, port)
    writer.write(b"POST /api/upload HTTP/1.1\r\nHost: x\r\nContent-Length: 900\r\n\r\n" + b"a,b\n" * 50)
    await until(lambda: _files(analyzer) != before, "the upload has begun")
    (await api.upload(TABLE)).problem(429, "busy")
    writer.close()
    await until(lambda: _files(analyzer) == before, "its draft is gone")
    assert (await api.upload(TABLE)).status == 201


async def test_who_stops_sending_is_told_and_dropped(
    small: tuple[Api, Analyzer], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(receive, "SLOW_SECONDS", 0.05)
    api, analyzer = small
    before = _files(analyzer)

    async def trickle() -> AsyncIterator[bytes]:
        while True:
            yield b"a"
            await asyncio.sleep(0.02)

    answer = await api.ask("POST", "/api/upload", data=trickle())
    answer.problem(408, "upload-too-slow")
    await until(lambda: _files(analyzer) == before)


@pytest.mark.parametrize("start", [b"", b'--b\r\nContent-Disposition: form-data; name="x"\r\nX-Long: '])
async def test_nor_is_a_form_without_end_a_way_to_hold_a_place(
    small: tuple[Api, Analyzer], monkeypatch: pytest.MonkeyPatch, start: bytes
) -> None:
    monkeypatch.setattr(receive, "SLOW_SECONDS", 0.05)
    api, _ = small

    async def preamble() -> AsyncIterator[bytes]:
        yield start
        while True:
            yield b"x\r\n" if not start else b"x"
            await asyncio.sleep(0.01)

    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    answer = await api.ask("POST", "/api/upload", data=preamble(), headers=headers)
    answer.problem(408, "upload-too-slow")


async def test_too_many_at_once_are_told_when_to_come_back(small: tuple[Api, Analyzer]) -> None:
    api, _ = small
    answers = await asyncio.gather(*(api.upload(TABLE) for _ in range(20)))
    assert {answer.status for answer in answers} == {201, 429}
    for answer in answers:
        if answer.status == 429:
            assert answer.problem(429, "busy")["retry_after"] == int(answer.headers["Retry-After"]) > 0
