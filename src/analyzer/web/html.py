"""Pages for people: escaped, in one style, and with nothing in them that a browser would have to fetch elsewhere."""

import re
from html import escape

from aiohttp import web

HTML = "text/html"

POLICY = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
}

PAGE = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<link rel="stylesheet" href="{style}">
</head>
<body>
{body}
</body>
</html>
"""


def wants_html(request: web.Request) -> bool:
    """Whether a browser asks: those say so, curl and programs do not."""
    return HTML in request.headers.get("Accept", "")


def page_of(request: web.Request, title: str, body: str) -> bytes:
    """A page of this title; `body` is HTML. To be sent with POLICY."""
    style = request.app.router["static"].url_for(name="page.css")
    return PAGE.format(title=escape(title), style=escape(str(style)), body=body).encode()


def paragraphs(text: str) -> str:
    """Plain text with `code` in backticks as HTML; an empty line begins a new paragraph."""
    blocks = re.split(r"\n\s*\n", text.strip())
    return "\n".join(f"<p>{inline(block)}</p>" for block in blocks if block)


def inline(text: str) -> str:
    """One stretch of text with `code` in backticks as HTML."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text))
