"""Large bodies are taken from the socket directly; nothing of HTTP around them is lost by that."""

import asyncio
import hashlib
import json
import random
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
import pytest_asyncio
from aiohttp import web

from analyzer.web import bodies
from analyzer.web.bodies import BLOCK_BYTES, LARGE_BYTES, body_of
from tests.waiting import until

CONTENT = random.Random(7).randbytes(LARGE_BYTES + 3 * BLOCK_BYTES + 12_345)
Connect = Callable[[], Awaitable[tuple[asyncio.StreamReader, asyncio.StreamWriter]]]


class Server:
    """What it read of each body, or what reading raised."""

    def __init__(self) -> None:
        self.seen: list[str | BaseException] = []
        self.pieces: list[int] = []
        self.enough_bytes = 2**40  # who has read so much answers without the rest

    async def answer(self, request: web.Request) -> web.Response:
        digest, count = hashlib.sha256(), 0
        try:
            async with body_of(request) as read:
                while count < self.enough_bytes and (piece := await read()):
                    digest.update(piece)
                    count += len(piece)
                    self.pieces.append(len(piece))
        except BaseException as failure:
            self.seen.append(failure)
            raise
        self.seen.append(digest.hexdigest())
        return web.json_response({"sha256": digest.hexdigest(), "bytes": count})


@pytest_asyncio.fixture
async def server() -> Server:
    return Server()


@pytest_asyncio.fixture
async def connect(server: Server) -> AsyncIterator[Connect]:
    app = web.Application()
    app.router.add_post("/", server.answer)
    runner = web.AppRunner(app, handle_signals=False)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    writers: list[asyncio.StreamWriter] = []

    async def made() -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await asyncio.open_connection(*runner.addresses[0])
        writers.append(writer)
        return reader, writer

    try:
        yield made
    finally:
        for writer in writers:
            writer.close()
        await runner.cleanup()


def _request(content: bytes, more: str = "") -> bytes:
    return f"POST / HTTP/1.1\r\nHost: x\r\n{more}Content-Length: {len(content)}\r\n\r\n".encode() + content


async def _answer(reader: asyncio.StreamReader) -> dict[str, object]:
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    length = int(head.split(b"content-length: ")[1].split(b"\r\n")[0])
    found: dict[str, object] = json.loads(await reader.readexactly(length))
    return found


def _whole(content: bytes) -> dict[str, object]:
    return {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}


@asynccontextmanager
async def _sending(writer: asyncio.StreamWriter, content: bytes) -> AsyncIterator[None]:
    """Sends while the context lasts, since neither side has room for all of it."""
    writer.write(content)
    sending = asyncio.create_task(writer.drain())
    try:
        yield
    finally:
        await sending


async def test_requests_behind_a_large_body_are_answered_on_the_same_connection(connect: Connect) -> None:
    reader, writer = await connect()
    small = b"small"
    async with _sending(writer, _request(CONTENT) + _request(small) + _request(CONTENT[::-1]) + _request(small)):
        for content in (CONTENT, small, CONTENT[::-1], small):
            assert await _answer(reader) == _whole(content)


@pytest.mark.parametrize("cut", [1, 1_000, 70_000, LARGE_BYTES])
async def test_a_body_may_come_in_any_pieces(connect: Connect, server: Server, cut: int) -> None:
    reader, writer = await connect()
    content = CONTENT[:LARGE_BYTES] + bytes(cut)
    request = _request(content)
    writer.write(request[:-cut])
    await until(lambda: sum(server.pieces) == len(content) - cut, "what was sent has been read, though more is missing")
    writer.write(request[-cut:])
    assert await _answer(reader) == _whole(content)


async def test_pieces_stay_as_they_are_while_somebody_holds_them(
    connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    held: list[bytes | memoryview] = []
    read_next = bodies.Body.read

    async def read(body: bodies.Body) -> bytes | memoryview:
        held.append(await read_next(body))
        return held[-1]

    monkeypatch.setattr(bodies.Body, "read", read)
    reader, writer = await connect()
    async with _sending(writer, _request(CONTENT)):
        assert await _answer(reader) == _whole(CONTENT)
    assert b"".join(held) == CONTENT


async def test_a_reader_that_has_enough_may_answer_while_the_rest_comes(connect: Connect, server: Server) -> None:
    server.enough_bytes = 1
    reader, writer = await connect()
    async with _sending(writer, _request(CONTENT)):
        assert (await _answer(reader))["bytes"] == server.pieces[0] < len(CONTENT)
    server.enough_bytes = 2**40
    async with _sending(writer, _request(CONTENT)):
        assert await _answer(reader) == _whole(CONTENT)


async def test_a_client_that_leaves_is_noticed(connect: Connect, server: Server) -> None:
    _, writer = await connect()
    writer.write(_request(CONTENT)[:-1])
    await writer.drain()
    await until(lambda: server.pieces, "it is being read")
    writer.close()
    await until(lambda: server.seen, "reading has ended")
    assert isinstance(server.seen[0], ConnectionError)


async def test_a_body_that_is_packed_is_unpacked_by_aiohttp(connect: Connect) -> None:
    reader, writer = await connect()
    packed = zlib.compress(CONTENT)
    assert len(packed) > LARGE_BYTES
    async with _sending(writer, _request(packed, "Content-Encoding: deflate\r\n")):
        assert await _answer(reader) == _whole(CONTENT)
