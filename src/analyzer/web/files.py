"""Files as answers."""

from pathlib import Path

from aiohttp import web
from aiohttp.abc import AbstractStreamWriter
from aiohttp.web_request import BaseRequest

SANDBOX = {"Content-Security-Policy": "sandbox; default-src 'none'"}
"""On what somebody uploaded, so that a browser which opens it runs nothing of it."""


class HeldFile(web.FileResponse):
    """A file that is sent while somebody holds on to it. aiohttp prepares what a handler returns; once is enough."""

    async def prepare(self, request: BaseRequest) -> AbstractStreamWriter | None:
        return None if self.prepared else await super().prepare(request)


async def sent_file(request: web.Request, path: Path, headers: dict[str, str]) -> web.StreamResponse:
    """The file, or the range of it that is wanted, already sent: afterwards the file may go."""
    response = HeldFile(path, headers=SANDBOX | headers)
    await response.prepare(request)
    return response
