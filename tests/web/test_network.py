"""What strangers send: bytes that are no proper HTTP, foreign hosts and pages, other people's ids, and markup."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import aiohttp
import pytest
import pytest_asyncio

from analyzer import Settings, create_app
from analyzer.web.app import ROUTES
from tests.api import Api
from tests.conftest import Served, serving

TABLE = b"a,b\n1,x\n"
SMUGGLED = b"GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n"
POST = b"POST /api/run HTTP/1.1\r\nHost: localhost\r\n"
GET = b"GET /health/live HTTP/1.1\r\nHost: localhost\r\n"


async def _say(url: str, *pieces: bytes) -> bytes:
    """Send these bytes, and read until the server closes the connection."""
    host, port = url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
        async with asyncio.timeout(10):
            return await reader.read()
    finally:
        writer.close()


def _answer(received: bytes) -> tuple[int, dict[str, str], Any]:
    """The one answer that was received."""
    assert received.count(b"HTTP/1.") == 1, received
    head, _, body = received.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines)
    return int(first.split()[1]), headers, json.loads(body)


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param(POST + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", id="CL and TE"),
        pytest.param(POST + b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n", id="TE and CL"),
        pytest.param(POST + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n{}", id="two lengths"),
        pytest.param(POST + b"Content-Length: +2\r\n\r\n{}", id="a length with a sign"),
        pytest.param(POST + b"Content-Length: 0x2\r\n\r\n{}", id="a hexadecimal length"),
        pytest.param(POST + b"Transfer-Encoding: identity\r\n\r\n", id="an encoding that ends nowhere"),
        pytest.param(POST + b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n", id="a space before the colon"),
        pytest.param(POST + b"Transfer-Encoding: chunked\r\n\r\n0\n\n", id="a chunk with bare LF"),
        pytest.param(POST + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n", id="a chunk of no size"),
        pytest.param(b"GET /health/live HTTP/1.1\nHost: localhost\n\n", id="bare LF"),
        pytest.param(GET + b"X: y\nZ: z\r\n\r\n", id="bare LF after a header"),
        pytest.param(GET + b"\n", id="bare LF at the end"),
        pytest.param(GET + b"Host: localhost\r\n\r\n", id="two hosts"),
        pytest.param(b"GET /health/live HTTP/1.1\r\n\r\n", id="no host"),
        pytest.param(GET + b"X: y\r\n z\r\n\r\n", id="a folded header"),
        pytest.param(GET + b"X: \0\r\n\r\n", id="NUL in a header"),
        pytest.param(GET + b"X: " + b"x" * 10_000 + b"\r\n\r\n", id="an oversized header"),
        pytest.param(GET + b"X: y\r\n" * 1_000 + b"\r\n", id="a thousand headers"),
        pytest.param(b"GET /" + b"x" * 10_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n", id="an oversized path"),
        pytest.param(b"GET /health/live HTTP/9.9\r\nHost: localhost\r\n\r\n", id="a version there is not"),
        pytest.param(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", id="TLS"),
        pytest.param(b"\r\n\r\n\0\0\0\0\r\n\r\n", id="nothing at all"),
    ],
)
async def test_what_is_no_request_is_refused_and_ends_the_connection(served: Served, sent: bytes) -> None:
    status, headers, problem = _answer(await _say(served.url, sent, SMUGGLED))
    assert (status, headers["Content-Type"]) == (400, "application/problem+json")
    assert (problem["type"], problem["instance"]) == ("/problems/malformed-request", headers["X-Request-ID"])
    assert len(problem["detail"]) < 300
    assert headers["Server"] == "analyzer"


async def test_a_body_that_breaks_off_into_nonsense_ends_the_connection(served: Served) -> None:
    head = POST + b"Transfer-Encoding: chunked\r\n\r\n"
    status, _, problem = _answer(await _say(served.url, head, b"2\r\n{}\r\n", b"nonsense\r\n", SMUGGLED))
    assert (status, problem["type"]) == (400, "/problems/malformed-request")


async def test_a_head_without_an_end_is_refused_when_it_is_too_long(served: Served) -> None:
    """Nobody fills the memory by never finishing a header."""
    status, _, problem = _answer(await _say(served.url, GET + b"X: ", *[b"x" * 1000] * 20))
    assert (status, problem["type"]) == (400, "/problems/malformed-request")


async def test_requests_in_a_row_get_their_answers_in_a_row(served: Served) -> None:
    last = b"GET /health/live HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    received = await _say(served.url, SMUGGLED * 20 + last)
    assert received.count(b'{"status":"live"}') == 21


# --- hosts and sites --------------------------------------------------------------------------------------------------


@pytest_asyncio.fixture
async def guarded(make_settings: Callable[..., Settings]) -> AsyncIterator[Api]:
    """A server that answers for two names."""
    app = create_app(make_settings(allowed_hosts="Data.Example, 127.0.0.1"))
    async with serving(app) as url, aiohttp.ClientSession(url) as http:
        yield Api(http)


async def test_only_its_own_names_open_anything(guarded: Api) -> None:
    for host in ("data.example", "DATA.EXAMPLE", "data.example:8080", "127.0.0.1"):
        assert (await guarded.get("/health", headers={"Host": host})).status == 200, host
    foreign = (
        "evil.example",
        "data.example.evil.example",
        "evil.example:80",
        "xdata.example",
        "[::1]",
        "",
        "127.0.0.1.",
    )
    for host in (*foreign, "data.example@evil.example", "a b", "<script>"):
        for method, path in (
            ("GET", "/health"),
            ("POST", "/api/run"),
            ("GET", "/nowhere"),
            ("GET", "/static/page.css"),
        ):
            answer = await guarded.ask(method, path, headers={"Host": host})
            answer.problem(421, "host-not-allowed")


async def test_no_route_that_changes_anything_takes_it_from_another_site(api: Api, served: Served) -> None:
    """Every route of an unsafe method is walked, so that none is forgotten."""
    walked = [
        (route.method, route.path.replace("{file_id}", "0" * 32).replace("{run_id}", "0" * 32))
        for routes in ROUTES
        for route in routes
        if route.method not in ("GET", "HEAD")
    ]
    assert len(walked) >= 6
    for method, path in walked:
        for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}, {"Origin": "null"}):
            (await api.ask(method, path, headers=headers)).problem(403, "cross-site")
        for headers in ({"Sec-Fetch-Site": "same-origin", "Origin": served.url}, {"Sec-Fetch-Site": "none"}):
            assert (await api.ask(method, path, headers=headers)).status in (400, 404, 422), path


async def test_it_is_refused_before_its_body_is_read(served: Served) -> None:
    head = POST.replace(b"/api/run", b"/api/upload") + b"Origin: https://evil.example\r\nContent-Length: 100000\r\n"
    host, port = served.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(head + b"\r\n")
    async with asyncio.timeout(5):
        assert b" 403 " in await reader.readline()
    writer.close()


# --- other people's things --------------------------------------------------------------------------------------------


async def test_another_ones_id_answers_exactly_like_none(api: Api) -> None:
    mine, theirs, absent = {"X-Session-ID": "hers"}, {"X-Session-ID": "his"}, "f" * 32
    dataset = (await api.upload(TABLE, headers=mine)).json["file_id"]
    body = {"file_id": dataset, "task_id": "test_parts"}
    run = (await api.ask("POST", "/api/run", json=body, headers=mine)).json["task_execution_id"]
    for method, path, real in (
        ("GET", "/api/datasets/{}", dataset),
        ("PATCH", "/api/datasets/{}", dataset),
        ("DELETE", "/api/datasets/{}", dataset),
        ("GET", "/api/datasets/{}/rows", dataset),
        ("GET", "/api/datasets/{}/download", dataset),
        ("POST", "/api/datasets/{}/reparse", dataset),
        ("GET", "/api/run/{}", run),
        ("GET", "/api/run/{}/events", run),
        ("GET", "/api/run/{}/result", run),
        ("DELETE", "/api/run/{}", run),
    ):
        more = {"json": {"filename": "x"}} if method == "PATCH" else {}
        bodies = []
        for asked in (real, absent):
            answer = await api.ask(method, path.format(asked), headers=theirs, **more)
            told = answer.body.decode().replace(answer.headers["X-Request-ID"], "").replace(asked, "")
            bodies.append((answer.status, told, sorted(answer.headers)))
        assert bodies[0] == bodies[1], path
        assert bodies[0][0] == 404, path


# --- markup -----------------------------------------------------------------------------------------------------------

EVIL = "<script>alert(1)</script><svg onload=alert(1)>"


async def test_markup_stays_text_wherever_it_comes_back(api: Api) -> None:
    table = f'"{EVIL}"\n"{EVIL}"\n"=HYPERLINK(""http://evil.example"",""x"")"\n'.encode()
    dataset = (await api.upload(table, f"{EVIL}.html")).json["file_id"]
    run = await api.start(dataset, "eda_statistical_summary")
    await api.watch(run)
    asked = [f"/api/datasets/{dataset}{path}" for path in ("", "/rows", f"/rows?columns={EVIL}x")]
    asked += [f"/api/run/{run}/result", f"/api/run/{run}/events", f"/api/tasks/{EVIL}", f"/{EVIL}", f"/problems/{EVIL}"]
    for path in asked:
        answer = await api.get(path, headers={"Accept": "text/html"})
        kind = answer.headers["Content-Type"].partition(";")[0]
        assert kind in ("application/json", "application/problem+json", "text/event-stream"), path
        assert answer.headers["X-Content-Type-Options"] == "nosniff", path


async def test_what_somebody_uploaded_is_downloaded_and_never_run(api: Api) -> None:
    rows = b"".join(b"%d,<script>alert(1)</script>\n" % number for number in range(50)) + b"1,2,3\n"
    dataset = await api.dataset(b"a,b\n" + rows, "page.html")
    path = f"/api/datasets/{dataset}/download"
    for form in ("original", "csv", "csv&raw=1", "parquet", "arrow", "bad-rows"):
        whole = await api.get(f"{path}?format={form}", headers={"Accept": "text/html"})
        part = await api.get(f"{path}?format={form}", headers={"Range": "bytes=0-1"})
        same = await api.get(f"{path}?format={form}", headers={"If-None-Match": whole.headers["ETag"]})
        none = await api.get(f"{path}?format={form}", headers={"Range": "bytes=99999999-"})
        assert [answer.status for answer in (whole, part, same, none)] == [200, 206, 304, 416], form
        for answer in (whole, part, same, none):
            assert answer.headers["Content-Security-Policy"] == "sandbox; default-src 'none'", (form, answer.status)
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
            assert answer.headers["Content-Disposition"].startswith("attachment; filename*=UTF-8''page.")
        assert {answer.headers.get("Content-Type") for answer in (whole, part)} == {"application/octet-stream"}
