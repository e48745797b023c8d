"""What happens to every request: an id, a check where it comes from, and a problem document when it fails."""

import logging
from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from analyzer.errors import (
    AnalyzerError,
    CrossSite,
    HostNotAllowed,
    MalformedRequest,
    MethodNotAllowed,
    NotFound,
    RequestTooLarge,
    shown,
)
from analyzer.models import new_id
from analyzer.web.answers import problem_answer
from analyzer.web.keys import ALLOWED_HOSTS, PREPARED, REQUEST_ID

log = logging.getLogger("analyzer.web")

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


@web.middleware
async def answer_problems(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Give the request an id, and turn whatever is raised into a problem document."""
    request[REQUEST_ID] = new_id()
    try:
        return await handler(request)
    except AnalyzerError as error:
        return problem_answer(request, error)
    except web.HTTPException as error:
        return problem_answer(request, _translate(request, error), error.headers.get("Allow"))
    except (web.RequestPayloadError, HttpProcessingError) as error:
        return problem_answer(request, MalformedRequest(f"The body could not be read: {_first_line(error)}"))
    except ConnectionError:
        log.info("client left", extra={"request": request[REQUEST_ID], "path": request.path})
        return _unheard(request)
    except Exception:
        log.exception("request failed", extra={"log_id": request[REQUEST_ID], "path": request.path})
        if request.get(PREPARED):  # an answer has begun, and a second one would stand in the middle of it
            return _unheard(request)
        detail = f"The server's log tells what happened under {request[REQUEST_ID]}."
        return problem_answer(request, AnalyzerError(detail))


def _unheard(request: web.Request) -> web.Response:
    """What is returned when nobody can be answered any more: the connection is closed."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=499, reason="Client Closed Request")


def _first_line(error: Exception) -> str:
    return (str(error) or type(error).__name__).partition("\n")[0][:200]


def _translate(request: web.Request, error: web.HTTPException) -> AnalyzerError:
    """aiohttp's own errors in our words."""
    match error:
        case web.HTTPNotFound():
            return NotFound(f"There is nothing at {request.path}.")
        case web.HTTPMethodNotAllowed():
            allowed = ", ".join(sorted(error.allowed_methods))
            return MethodNotAllowed(f"{request.path} does not take {request.method}, but {allowed}.")
        case web.HTTPRequestEntityTooLarge():
            return RequestTooLarge("The body of this request is too large.", limit=request.client_max_size)
        case _:
            return MalformedRequest(error.reason)


@web.middleware
async def check_host(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer only for our own names, so that a name somebody else points at us opens nothing (DNS rebinding)."""
    allowed = request.app[ALLOWED_HOSTS]
    host = _without_port(request.host).lower()
    if "*" not in allowed and host not in allowed:
        raise HostNotAllowed(
            f"This server does not answer for {host!r}. Its operator can add it to ANALYZER_ALLOWED_HOSTS."
        )
    return await handler(request)


def _without_port(host: str) -> str:
    return host.partition("]")[0] + "]" if host.startswith("[") else host.partition(":")[0]


@web.middleware
async def check_origin(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuse what another site's page would change with its visitor's browser."""
    if request.method not in SAFE_METHODS:
        origin = request.headers.get("Origin")
        foreign = origin is not None and _site(origin) != request.host
        if foreign or request.headers.get("Sec-Fetch-Site") == "cross-site":
            raise CrossSite(f"A page of {shown(origin) if origin else 'another site'} may not change anything here.")
    return await handler(request)


def _site(origin: str) -> str | None:
    try:
        return urlsplit(origin).netloc
    except ValueError:
        return None


async def add_headers(request: web.Request, response: web.StreamResponse) -> None:
    """Headers of every answer, streams included."""
    request[PREPARED] = True
    response.headers["X-Request-ID"] = request.get(REQUEST_ID, "")
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers.setdefault("Cache-Control", "no-cache")
    response.headers["Server"] = "analyzer"
