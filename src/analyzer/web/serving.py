"""The server around the application: what is no HTTP is refused in our words too."""

import gc
import logging
from typing import Any

from aiohttp import web

from analyzer.errors import AnalyzerError, MalformedRequest
from analyzer.models import new_id
from analyzer.web.answers import problem_of
from analyzer.web.middleware import first_line

MAX_LINE_BYTES = 8190  # of the request line, and of one header
MAX_HEADERS = 128

COLLECT_AFTER = (5_000, 10, 10)
"""So many new objects, collections of those, and so on. As Python has it, after 700, a fifth of what a server computes
is looking for cycles, of which a run makes none."""

log = logging.getLogger("analyzer.web")


def collect_seldom() -> None:
    """For a process that only serves, once it is set up: look for cycles seldom, and not among what is there for good.

    One look at all that was imported holds the loop up for a tenth of a second.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECT_AFTER)


class Runner(web.AppRunner):
    """Runs an application with these limits; what never becomes a request is answered with a problem document."""

    def __init__(self, app: web.Application, **more: Any) -> None:
        limits: dict[str, Any] = {
            "max_line_size": MAX_LINE_BYTES,
            "max_field_size": MAX_LINE_BYTES,
            "max_headers": MAX_HEADERS,
        }
        super().__init__(app, access_log=None, **limits | more)

    async def _make_server(self) -> web.Server:
        made = await super()._make_server()
        return _Server(made.request_handler, request_factory=made.request_factory, **self._kwargs)


class _Server(web.Server):
    def __call__(self) -> web.RequestHandler:
        return _Connection(self, loop=self._loop, **self._kwargs)


class _Connection(web.RequestHandler):
    __slots__ = ()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """What could not be read as a request, or failed outside of every handler. The connection is closed after."""
        if request.writer.output_size > 0:
            raise ConnectionError("an answer has begun, and a second one would stand in the middle of it")
        instance = new_id()
        if status < 500:
            log.info("no request", extra={"request": instance, "reason": first_line(exc or Exception(message))})
            error: AnalyzerError = MalformedRequest(f"This is no request: {first_line(Exception(message))}")
        else:
            log.error("answering failed", extra={"log_id": instance}, exc_info=exc)
            error = AnalyzerError(f"The server's log tells what happened under {instance}.")
        answer = problem_of(error, instance)
        answer.headers.update({"X-Request-ID": instance, "X-Content-Type-Options": "nosniff", "Server": "analyzer"})
        answer.force_close()
        return answer
