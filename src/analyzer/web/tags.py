"""`ETag`: what the client has already is not sent again."""

import asyncio
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Self

from aiohttp import web

JSON = "application/json"


@dataclass(frozen=True)
class Tagged:
    """A body and its strong `ETag`, which is made of its bytes."""

    body: bytes
    content_type: str
    etag: str

    @classmethod
    def of(cls, body: bytes, content_type: str = JSON) -> Self:
        return cls(body, content_type, hashlib.blake2b(body, digest_size=16).hexdigest())


def tagged_answer(request: web.Request, tagged: Tagged, headers: Mapping[str, str] | None = None) -> web.Response:
    """The body; 304 without it, when the client has the same already."""
    answer = not_modified(request, tagged.etag, headers)
    if answer is None:
        charset = "utf-8" if tagged.content_type.startswith("text/") else None
        answer = web.Response(body=tagged.body, content_type=tagged.content_type, charset=charset, headers=headers)
        answer.etag = tagged.etag
    return answer


class Unchanging:
    """Bodies that stay the same while the application runs: each is made once, in a thread, when it is first wanted."""

    def __init__(self) -> None:
        self._made: dict[str, Tagged] = {}

    async def get(self, name: str, make: Callable[[], bytes], content_type: str = JSON) -> Tagged:
        """The body of this name. What `make` raises is not kept."""
        if name not in self._made:
            self._made[name] = Tagged.of(await asyncio.to_thread(make), content_type)
        return self._made[name]


def not_modified(request: web.Request, etag: str, headers: Mapping[str, str] | None = None) -> web.Response | None:
    """304, when the client has what this tag stands for; else None."""
    if "If-None-Match" not in request.headers:
        return None
    if not any(tag.value in (etag, "*") for tag in request.if_none_match or ()):
        return None
    answer = web.Response(status=304, headers=headers)
    answer.etag = etag
    return answer
