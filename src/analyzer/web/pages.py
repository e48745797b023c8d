"""Lists in pages: newest first, each page naming the next."""

from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeVar

import pydantic
from aiohttp import web

from analyzer.web.answers import json_answer


class PageQuery(pydantic.BaseModel):
    """Which page of a list."""

    model_config = pydantic.ConfigDict(extra="forbid")

    limit: int = pydantic.Field(50, ge=1, le=1000, description="How many at most.")
    after: str | None = pydantic.Field(None, pattern="^[0-9a-f]{32}$", description="`next` of the page before.")


class HasId(Protocol):
    """Something with an id that a page can end with."""

    @property
    def id(self) -> str: ...


E = TypeVar("E", bound=HasId)


def page_answer(
    request: web.Request, name: str, page: PageQuery, found: Sequence[E], show: Callable[[E], Any]
) -> web.Response:
    """`{name: [...], next}` of what was `found`, one more than the limit where there is a next page."""
    shown = found[: page.limit]
    after = shown[-1].id if len(found) > page.limit else None
    headers = {}
    if after is not None:
        following = request.rel_url.update_query(after=after)
        headers["Link"] = f'<{following}>; rel="next"'
    return json_answer({name: [show(entry) for entry in shown], "next": after}, headers=headers)
