"""`Prefer: wait=10` (RFC 7240): who would rather wait for the end than come back."""

import re

from aiohttp import web

MAX_WAIT_SECONDS = 30  # below what proxies allow an answer to take
WAIT = re.compile(r"(?:^|[,;])\s*wait\s*=\s*\"?(\d{1,9})\"?\s*(?=$|[,;])", re.IGNORECASE)


def wait_seconds(request: web.Request) -> int | None:
    """How long the client would wait, at most MAX_WAIT_SECONDS; None: not at all. A malformed preference is none."""
    found = WAIT.search(",".join(request.headers.getall("Prefer", ())))
    return None if found is None else min(int(found[1]), MAX_WAIT_SECONDS)


def applied(seconds: int) -> dict[str, str]:
    """Tells the client what it got."""
    return {"Preference-Applied": f"wait={seconds}"}
