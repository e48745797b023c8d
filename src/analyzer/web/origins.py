"""Pages of other sites: what their visitors' browsers may do here."""

from collections.abc import Collection
from urllib.parse import urlsplit

from aiohttp import web

from analyzer.errors import CrossSite, shown

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

PREFLIGHT = {
    "Access-Control-Allow-Methods": "GET, HEAD, POST, PATCH, DELETE",
    "Access-Control-Allow-Headers": (
        "Content-Type, Idempotency-Key, If-None-Match, Last-Event-ID, Prefer, Range, X-Session-ID"
    ),
    "Access-Control-Max-Age": "600",
}
EXPOSED = (
    "Content-Disposition, ETag, Idempotency-Replayed, Link, Location, Preference-Applied, Retry-After, X-Request-ID"
)


class Origins:
    """The origins whose pages may use this server from a browser. Every other page may at most send reads blindly."""

    def __init__(self, listed: Collection[str]) -> None:
        self._listed = frozenset(listed)
        self._any = "*" in self._listed

    def _takes(self, origin: str) -> bool:
        return self._any or origin.lower() in self._listed

    def check(self, request: web.Request) -> web.Response | None:
        """The answer to a browser that asks beforehand (a preflight), else None.

        Raises CrossSite for what another site's page would change with its visitor's browser.
        """
        method = request.method
        if method in SAFE_METHODS and (method != "OPTIONS" or not self._listed):
            return None
        origin = request.headers.get("Origin")
        if origin is not None and self._takes(origin):
            asks_beforehand = method == "OPTIONS" and "Access-Control-Request-Method" in request.headers
            return web.Response(status=204, headers=PREFLIGHT) if asks_beforehand else None
        foreign = origin is not None and _site(origin) != request.host
        if method not in SAFE_METHODS and (foreign or request.headers.get("Sec-Fetch-Site") == "cross-site"):
            raise CrossSite(f"A page of {shown(origin) if origin else 'another site'} may not change anything here.")
        return None

    def tell(self, request: web.Request, response: web.StreamResponse) -> None:
        """Let the browser give the answer to a page whose origin is listed."""
        if not self._listed:
            return
        response.headers.add("Vary", "Origin")
        origin = request.headers.get("Origin")
        if origin is not None and self._takes(origin):
            response.headers["Access-Control-Allow-Origin"] = origin
            response.headers["Access-Control-Expose-Headers"] = EXPOSED


def _site(origin: str) -> str | None:
    try:
        return urlsplit(origin).netloc
    except ValueError:
        return None
