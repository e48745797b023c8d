"""How answers are written, and how bodies and queries are read."""

import json
import math
import re
from collections.abc import Mapping
from typing import Any

import pydantic_core
from aiohttp import web

from analyzer.errors import AnalyzerError, MalformedRequest
from analyzer.fields import M, read_fields
from analyzer.models import PUBLIC
from analyzer.web.keys import REQUEST_ID
from analyzer.web.tags import JSON

SESSION_HEADER = "X-Session-ID"
MAX_SESSION_CHARACTERS = 128
VISIBLE_ASCII = re.compile(rf"[!-~]{{1,{MAX_SESSION_CHARACTERS}}}")


def json_answer(value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    """A value, models in it included, as strict JSON; bytes are JSON already."""
    body = value if isinstance(value, bytes) else encoded(value)
    return web.Response(body=body, status=status, content_type=JSON, headers=headers)


def problem_answer(request: web.Request, error: AnalyzerError, allow: str | None = None) -> web.Response:
    """An error as `application/problem+json`, with the headers that belong to it."""
    answer = problem_of(error, request[REQUEST_ID])
    if error.retry_after is not None:
        answer.headers["Retry-After"] = str(math.ceil(error.retry_after))
    if allow is not None:
        answer.headers["Allow"] = allow
    return answer


def problem_of(error: AnalyzerError, instance: str) -> web.Response:
    """An error as `application/problem+json`; `instance` is the id of the request."""
    # Escaped to ASCII: what was wrong may hold characters that no encoding has, such as half a surrogate pair.
    body = json.dumps(error.problem(instance)).encode()
    return web.Response(body=body, status=error.status, content_type="application/problem+json")


def encoded(value: Any) -> bytes:
    """A value, models in it included, as strict JSON."""
    return pydantic_core.to_json(value, inf_nan_mode="null")


def principal_of(request: web.Request) -> str:
    """Who is asking: a session by its header, else the public."""
    session = request.headers.get(SESSION_HEADER)
    if session is None:
        return PUBLIC
    if not VISIBLE_ASCII.fullmatch(session):
        raise MalformedRequest(f"{SESSION_HEADER} takes 1 to {MAX_SESSION_CHARACTERS} visible ASCII characters.")
    return f"session:{session}"


async def read_body(request: web.Request, model: type[M]) -> M:
    """The JSON body as a model. Raises MalformedRequest when it is no JSON, InvalidParameters for its fields."""
    try:
        body = pydantic_core.from_json(await request.read(), allow_inf_nan=False)
    except ValueError as failure:
        raise MalformedRequest(f"The body is not valid JSON: {failure}.") from None
    return read_fields(body, model, "body")


def read_query(request: web.Request, model: type[M]) -> M:
    """The query as a model; a name given several times is a list. Raises InvalidParameters."""
    query = request.query
    values = {name: query.getall(name) if len(query.getall(name)) > 1 else query[name] for name in query}
    return read_fields(values, model, "query")
