"""`Idempotency-Key`: what is sent again, because the answer got lost, is not done again."""

import hashlib
import re
from collections.abc import Awaitable, Callable, Iterable

from aiohttp import web

from analyzer.errors import MalformedRequest
from analyzer.web.keys import ANALYZER

KEY_HEADER = "Idempotency-Key"
MAX_KEY_CHARACTERS = 255
KEY = re.compile(rf"[ -~]{{1,{MAX_KEY_CHARACTERS}}}")

REPLAYED = {"Idempotency-Replayed": "true"}


def key_of(request: web.Request) -> str | None:
    """The request's key. Raises MalformedRequest when it is none that can be kept."""
    key = request.headers.get(KEY_HEADER)
    if key is not None and not KEY.fullmatch(key):
        raise MalformedRequest(f"{KEY_HEADER} takes 1 to {MAX_KEY_CHARACTERS} visible ASCII characters.")
    return key


async def once(
    request: web.Request, principal: str, said: Callable[[], Iterable[str]], do: Callable[[], Awaitable[str]]
) -> tuple[str, bool]:
    """The id of what `do` makes, and whether an earlier request with this key made it already.

    `said` tells what the request wants, in texts: another request under the same key is an error.
    """
    key = key_of(request)
    if key is None:
        return await do(), False
    fingerprint = hashlib.sha256("\0".join((request.path, *said())).encode(errors="surrogatepass")).hexdigest()
    return await request.app[ANALYZER].once(key, fingerprint, do, principal)
