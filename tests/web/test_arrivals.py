"""A large file is read while it still arrives, and whatever its sender does costs only itself."""

import asyncio
import csv
import io
from collections.abc import AsyncIterator

import aiohttp
import pytest

from analyzer import uploads
from analyzer.executors.base import Lane
from analyzer.service import Analyzer
from analyzer.web import receive
from analyzer.web.bodies import LARGE_BYTES
from tests.api import Api
from tests.waiting import until

ROWS = 60_000


@pytest.fixture
def content() -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows([["n", "t"], *[[number, f"text {number}"] for number in range(ROWS)]])
    return text.getvalue().encode()


@pytest.fixture(autouse=True)
def _early(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "EARLY_BYTES", 100_000)
    monkeypatch.setattr(uploads, "BUFFER_BYTES", 50_000)


async def test_it_is_read_before_it_is_whole(api: Api, analyzer: Analyzer, content: bytes) -> None:
    seen_busy: list[bool] = []

    async def slowly() -> AsyncIterator[bytes]:
        half = len(content) // 2
        yield content[:half]
        await until(lambda: analyzer._executor._lanes[Lane.ARRIVALS].busy == 1, "it is being read")
        seen_busy.append(True)
        yield content[half:]

    answer = await api.ask("POST", "/api/upload?filename=t.csv", data=slowly())
    assert answer.status == 201, answer.body
    assert seen_busy
    assert answer.json["rows"] == ROWS
    last = await api.get(f"/api/datasets/{answer.json['file_id']}/rows?offset={ROWS - 1}")
    assert last.json["rows"] == [[ROWS - 1, f"text {ROWS - 1}"]]
    assert analyzer._executor._lanes[Lane.ARRIVALS].busy == 0


async def test_who_leaves_while_being_read_leaves_nothing(api: Api, analyzer: Analyzer, content: bytes) -> None:
    drafts = analyzer.settings.data_dir / "drafts"
    _, writer = await asyncio.open_connection(api.http._base_url.host, api.http._base_url.port)  # type: ignore[union-attr]
    head = f"POST /api/upload?filename=t.csv HTTP/1.1\r\nHost: x\r\nContent-Length: {len(content) * 2}\r\n\r\n"
    writer.write(head.encode() + content)
    await until(lambda: analyzer._executor._lanes[Lane.ARRIVALS].busy == 1, "it is being read")
    # Meanwhile another large one is read as well, after it has arrived.
    assert (await api.upload(content + b"1,x\n")).json["rows"] == ROWS + 1
    writer.close()
    await until(lambda: not list(drafts.iterdir()), "its drafts are gone")
    await until(lambda: analyzer._executor._lanes[Lane.ARRIVALS].idle == 1, "its slot is there again")


async def test_what_cannot_be_read_need_not_arrive(api: Api, content: bytes) -> None:
    async def endlessly() -> AsyncIterator[bytes]:
        while True:
            yield b"\x7fELF\x02\x01\x01" + bytes(50_000)

    (await api.ask("POST", "/api/upload?filename=t.csv", data=endlessly())).problem(415, "unsupported-format")


def _head(length: int) -> bytes:
    return f"POST /api/upload?filename=t.csv HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\n\r\n".encode()


async def test_nor_need_all_of_a_large_body(api: Api) -> None:
    reader, writer = await asyncio.open_connection(api.http._base_url.host, api.http._base_url.port)  # type: ignore[union-attr]
    writer.write(_head(2**28) + b"\x7fELF\x02\x01\x01")
    answer = asyncio.create_task(reader.readuntil(b"}"))
    while not answer.done():
        writer.write(bytes(100_000))
        await asyncio.sleep(0.01)
    assert answer.result().startswith(b"HTTP/1.1 415 ")
    writer.close()


async def test_who_stops_within_a_large_body_is_told_and_dropped(
    api: Api, analyzer: Analyzer, content: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(receive, "SLOW_SECONDS", 0.2)
    reader, writer = await asyncio.open_connection(api.http._base_url.host, api.http._base_url.port)  # type: ignore[union-attr]
    writer.write(_head(2 * LARGE_BYTES) + content[:LARGE_BYTES])
    answer = await reader.readuntil(b"}")
    assert answer.startswith(b"HTTP/1.1 408 ")
    await until(lambda: not list((analyzer.settings.data_dir / "drafts").iterdir()), "its draft is gone")
    writer.close()


async def test_options_behind_the_file_still_count(api: Api, content: bytes) -> None:
    form = aiohttp.FormData()
    form.add_field("file", io.BytesIO(content), filename="t.csv")
    form.add_field("header", "false")
    answer = await api.ask("POST", "/api/upload", data=form)
    assert answer.json["rows"] == ROWS + 1
