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
from analyzer.web.forms import Form
from analyzer.web.stretch import Stretch
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
                    digest.update(piece.view)
                    count += len(piece)
                    self.pieces.append(len(piece))
        except BaseException as failure:
            self.seen.append(failure)
            raise
        self.seen.append(digest.hexdigest())
        return web.json_response({"sha256": digest.hexdigest(), "bytes": count})

    async def answer_form(self, request: web.Request) -> web.Response:
        async with body_of(request) as read:
            form, found = Form(request.headers["Content-Type"], read), {}
            while (part := await form.next_part()) is not None:
                digest, count = hashlib.sha256(), 0
                while piece := await part.read():
                    digest.update(piece.view)
                    count += len(piece)
                found[part.name] = {"sha256": digest.hexdigest(), "bytes": count}
        return web.json_response(found)


@pytest_asyncio.fixture
async def server() -> Server:
    return Server()


@pytest_asyncio.fixture
async def connect(server: Server) -> AsyncIterator[Connect]:
    app = web.Application()
    app.router.add_post("/", server.answer)
    app.router.add_post("/form", server.answer_form)
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


def _request(content: bytes, more: str = "", path: str = "/") -> bytes:
    return f"POST {path} HTTP/1.1\r\nHost: x\r\n{more}Content-Length: {len(content)}\r\n\r\n".encode() + content


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
    held: list[Stretch] = []
    read_next = bodies.Body.read

    async def read(body: bodies.Body) -> Stretch:
        held.append(await read_next(body))
        return held[-1]

    monkeypatch.setattr(bodies.Body, "read", read)
    reader, writer = await connect()
    async with _sending(writer, _request(CONTENT)):
        assert await _answer(reader) == _whole(CONTENT)
    assert b"".join(piece.view for piece in held) == CONTENT


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


@pytest.mark.parametrize("shift", [0, 1, 2, 3, 17, 38])
async def test_a_large_form_is_taken_apart_wherever_its_boundaries_come_to_stand(connect: Connect, shift: int) -> None:
    boundary = "-" * 24 + "0123456789abcdef"
    nearly = f"\r\n--{boundary[:-1]}-".encode()
    parts = {
        "small": b"x" * shift,
        "large": CONTENT[: 2 * BLOCK_BYTES] + nearly + CONTENT[2 * BLOCK_BYTES :] + nearly[:-1],
        "dense": (nearly + b"\r") * 40_000,
        "last": b"",
    }
    body = b"".join(
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n'.encode() + content + b"\r\n"
        for name, content in parts.items()
    )
    kind = f"Content-Type: multipart/form-data; boundary={boundary}\r\n"
    reader, writer = await connect()
    async with _sending(writer, _request(body + f"--{boundary}--\r\n".encode(), kind, "/form") + _request(b"next")):
        assert await _answer(reader) == {name: _whole(content) for name, content in parts.items()}
        assert await _answer(reader) == _whole(b"next")
