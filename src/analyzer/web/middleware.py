"""What happens to every request: an id, a check where it comes from, and a problem document when it fails."""

import logging
from collections.abc import Awaitable, Callable, Collection

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from analyzer.errors import (
    AnalyzerError,
    HostNotAllowed,
    MalformedRequest,
    MethodNotAllowed,
    NotFound,
    RequestTooLarge,
    shown,
)
from analyzer.models import new_id
from analyzer.web.answers import problem_answer
from analyzer.web.keys import PREPARED, REQUEST_ID
from analyzer.web.origins import Origins

log = logging.getLogger("analyzer.web")

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

ANY = "*"


class Border:
    """What every request and every answer passes. One middleware, since each more is a coroutine more per request."""

    def __init__(self, hosts: Collection[str], origins: Origins) -> None:
        self._hosts = frozenset(name.lower() for name in hosts)
        self._origins = origins

    @web.middleware
    async def receive(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Give the request an id, check where it comes from, and turn whatever is raised into a problem document."""
        request[REQUEST_ID] = new_id()
        try:
            self._check_host(request)
            preflight = self._origins.check(request)
            return await handler(request) if preflight is None else preflight
        except AnalyzerError as error:
            return problem_answer(request, error)
        except web.HTTPException as error:
            return problem_answer(request, _translate(request, error), error.headers.get("Allow"))
        except (web.RequestPayloadError, HttpProcessingError) as error:
            return problem_answer(request, MalformedRequest(f"The body could not be read: {first_line(error)}"))
        except ConnectionError:
            log.info("client left", extra={"request": request[REQUEST_ID], "path": request.path})
            return _unheard(request)
        except Exception:
            log.exception("request failed", extra={"log_id": request[REQUEST_ID], "path": request.path})
            if request.get(PREPARED):  # an answer has begun, and a second one would stand in the middle of it
                return _unheard(request)
            detail = f"The server's log tells what happened under {request[REQUEST_ID]}."
            return problem_answer(request, AnalyzerError(detail))

    def _check_host(self, request: web.Request) -> None:
        """Answer only for our own names, so that a name somebody else points at us opens nothing (DNS rebinding)."""
        if ANY in self._hosts or request.host in self._hosts:
            return
        host = _without_port(request.host).lower()
        if host not in self._hosts:
            raise HostNotAllowed(
                f"This server does not answer for {shown(host)}. Its operator can add it to ANALYZER_ALLOWED_HOSTS."
            )

    async def send(self, request: web.Request, response: web.StreamResponse) -> None:
        """Headers of every answer, streams included."""
        request[PREPARED] = True
        headers = response.headers
        headers["X-Request-ID"] = request.get(REQUEST_ID, "")
        headers["X-Content-Type-Options"] = "nosniff"
        headers.setdefault("Cache-Control", "no-cache")
        headers["Server"] = "analyzer"
        self._origins.tell(request, response)


def _unheard(request: web.Request) -> web.Response:
    """What is returned when nobody can be answered any more: the connection is closed."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=499, reason="Client Closed Request")


def first_line(error: BaseException) -> str:
    """What an error of aiohttp says, without the picture it draws below."""
    return (str(error) or type(error).__name__).partition("\n")[0][:200]


def _translate(request: web.Request, error: web.HTTPException) -> AnalyzerError:
    """aiohttp's own errors in our words."""
    match error:
        case web.HTTPNotFound():
            return NotFound(f"There is nothing at {shown(request.path)}.")
        case web.HTTPMethodNotAllowed():
            allowed = ", ".join(sorted(error.allowed_methods))
            return MethodNotAllowed(f"{request.path} does not take {request.method}, but {allowed}.")
        case web.HTTPRequestEntityTooLarge():
            return RequestTooLarge("The body of this request is too large.", limit=request.client_max_size)
        case _:
            return MalformedRequest(error.reason)


def _without_port(host: str) -> str:
    return host.partition("]")[0] + "]" if host.startswith("[") else host.partition(":")[0]
