"""A file arriving over HTTP: as the body itself or as a part of a form, streamed and never held in memory."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from aiohttp import web

from analyzer.errors import MalformedMultipart, UploadTooSlow
from analyzer.fields import reading_options
from analyzer.models import ReadingOptions
from analyzer.service import Analyzer
from analyzer.uploads import Upload, too_large
from analyzer.web.bodies import Read, body_of
from analyzer.web.forms import Form, Part
from analyzer.web.stretch import Stretch

T = TypeVar("T")

FORM_OVERHEAD_BYTES = 256 * 1024  # what a form may be longer than its file
MAX_PARTS = 64
MAX_FIELD_BYTES = 64 * 1024
SLOW_SECONDS = 30  # within which SLOW_BYTES must arrive
SLOW_BYTES = 8 * 1024


Add = Callable[[Upload, str, ReadingOptions], Awaitable[T]]


async def receive_file(request: web.Request, analyzer: Analyzer, add: Add[T]) -> T:
    """Read the upload and `add` it. When the client does not finish, nothing of it stays."""
    max_bytes = analyzer.settings.max_upload_bytes
    is_form = request.content_type.startswith("multipart/")
    if (request.content_length or 0) > max_bytes + (FORM_OVERHEAD_BYTES if is_form else 0):
        raise too_large(max_bytes)
    given = dict(request.query)
    async with analyzer.receiving() as upload:
        async with body_of(request) as read:
            if is_form:
                filename = await _read_form(request, _paced(read), upload, given)
            else:
                filename = given.pop("filename", "upload")
                upload.expect(filename, reading_options(given))
                await _read_body(_paced(read), upload)
        return await add(upload, filename, reading_options(given))


async def _read_body(read: Read, upload: Upload) -> None:
    while piece := await read():
        await upload.write(piece.view)


async def _read_form(request: web.Request, read: Read, upload: Upload, given: dict[str, Any]) -> str:
    """Write the part `file` into the upload, the other parts into `given`. Returns the file's name."""
    filename: str | None = None
    form = Form(request.headers["Content-Type"], read)
    for _ in range(MAX_PARTS):
        part = await form.next_part()
        if part is None:
            break
        if part.is_form:
            raise MalformedMultipart("The form contains another form.")
        if part.name == "file":
            if filename is not None:
                raise MalformedMultipart("The form has more than one part named 'file'. Upload one at a time.")
            filename = part.filename or "upload"
            upload.expect(filename, reading_options(given))  # as far as is known: fields may follow the file
            while piece := await part.read():
                await upload.write(piece.view)
        else:
            given[part.name] = await _read_field(part)
    else:
        raise MalformedMultipart(f"The form has more than {MAX_PARTS} parts.")
    if filename is None:
        names = ", ".join(map(repr, given)) or "none"
        raise MalformedMultipart(f"The form has no part named 'file'; its parts: {names}.")
    return filename


async def _read_field(part: Part) -> str:
    value = b""
    while piece := await part.read():
        value += piece.view
        if len(value) > MAX_FIELD_BYTES:
            raise MalformedMultipart(f"The field {part.name!r} has more than {MAX_FIELD_BYTES:,} bytes.")
    return value.decode(errors="replace")


def _paced(read: Read) -> Read:
    """The same, from a client that must keep its pace."""
    pace = Pace()
    return lambda: pace.keep(read())


class Pace:
    """Watches that a client keeps sending: at least SLOW_BYTES every SLOW_SECONDS."""

    def __init__(self) -> None:
        self._begin()

    def _begin(self) -> None:
        self._fresh_bytes = 0
        self._deadline = asyncio.get_running_loop().time() + SLOW_SECONDS

    async def within(self, reading: Awaitable[T]) -> T:
        """What was read. Raises UploadTooSlow when it does not come in time."""
        try:
            async with asyncio.timeout_at(self._deadline):
                return await reading
        except TimeoutError:
            raise UploadTooSlow(
                f"Less than {SLOW_BYTES:,} bytes of the file arrived within {SLOW_SECONDS} seconds.", limit=SLOW_BYTES
            ) from None

    async def keep(self, reading: Awaitable[Stretch]) -> Stretch:
        """What was read, which gives as much time again when it was enough. Raises UploadTooSlow."""
        piece = await self.within(reading)
        self._fresh_bytes += len(piece)
        if self._fresh_bytes >= SLOW_BYTES:
            self._begin()
        return piece
