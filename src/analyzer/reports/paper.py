"""The report set for paper: what the page says, as a PDF of pages.

Typst sets it, in this process and without network or libraries of the system. What the page says reaches it as data,
never as markup.
"""

import importlib
import json
from html.parser import HTMLParser
from importlib.resources import files
from typing import Any

from analyzer.errors import NotInstalled
from analyzer.reports.pictures import COLOURS

HEADINGS = {"h1": 1, "h2": 2, "h3": 3, "h4": 4, "summary": 4}
TEXTS = {*HEADINGS, "p", "li", "dt", "dd", "th", "td"}
PASSED_OVER = {"head", "nav"}

Block = dict[str, Any]


def pdf(page: bytes) -> bytes:
    """A page that `report` made as PDF. Raises NotInstalled without the extra `pdf`."""
    try:
        typst = importlib.import_module("typst")
    except ImportError:
        raise NotInstalled("PDF needs the extra `pdf`: pip install 'analyzer[pdf]'.") from None
    template = (files(__package__) / "paper.typ").read_bytes()
    made: bytes = typst.compile(template, format="pdf", sys_inputs={"blocks": json.dumps(blocks_of(page))})
    return made


def blocks_of(page: bytes) -> list[Block]:
    """Headings, paragraphs, facts, tables and pictures of a page, in its order.

    `{heading, level}`, `{text}`, `{facts: [[name, figure]]}`, `{head, rows}` or `{svg}`.
    """
    blocks = _Blocks()
    blocks.feed(page.decode())
    return blocks.found


class _Blocks(HTMLParser):
    """Finds them."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[Block] = []
        self._text: list[str] | None = None
        self._rows: list[list[str]] = []
        self._head: list[str] = []
        self._svg: list[str] = []
        self._open: list[str] = []  # the names in a picture as they are written: HTML has no case, SVG has
        self._depth = 0  # inside of a picture, or of what is passed over
        self._passing = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if self._passing or self._depth or tag == "svg" or tag in PASSED_OVER:
            self._enter(tag)
        elif tag in TEXTS or ("class", "score") in attrs:
            self._text = []
        elif tag == "table":
            self._head, self._rows = [], []
        elif tag in ("tr", "dl"):
            self._rows.append([])
        elif self._text is not None:
            self._text.append(" ")

    def _enter(self, tag: str) -> None:
        if not self._depth and tag in PASSED_OVER:
            self._passing = self._passing or tag
        elif not self._passing:
            self._depth += 1
            written = self.get_starttag_text() or ""
            self._svg.append(written)
            self._open.append(written[1 : 1 + len(tag)])

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if self._depth and not self._passing:
            self._svg.append(self.get_starttag_text() or "")

    def handle_data(self, data: str) -> None:
        if self._depth:
            self._svg.append(data.replace("&", "&amp;").replace("<", "&lt;"))
        elif self._text is not None and not self._passing:
            self._text.append(data)

    def handle_endtag(self, tag: str) -> None:
        if self._passing:
            self._passing = "" if tag == self._passing else self._passing
        elif self._depth:
            self._leave()
        elif tag == "table":
            self.found.append({"head": self._head, "rows": [row for row in self._rows if row]})
        elif tag == "dl":
            pairs = self._rows.pop()
            self.found.append({"facts": [list(pair) for pair in zip(pairs[::2], pairs[1::2], strict=True)]})
        elif self._text is not None and (tag in TEXTS or tag == "div"):
            self._say(tag, " ".join("".join(self._text).split()))

    def _leave(self) -> None:
        self._svg.append(f"</{self._open.pop()}>")
        self._depth -= 1
        if not self._depth:
            picture, self._svg = "".join(self._svg), []
            for colour, variable in COLOURS.items():
                picture = picture.replace(variable, colour)
            if self._text is None and 'class="bars"' not in picture:  # shapes within a line of text are for screens
                self.found.append({"svg": picture})

    def _say(self, tag: str, text: str) -> None:
        self._text = None
        if tag == "th":
            self._head.append(text)
        elif tag in ("td", "dt", "dd"):
            self._rows[-1].append(text)
        elif tag in HEADINGS:
            self.found.append({"heading": text, "level": HEADINGS[tag]})
        elif text:
            self.found.append({"text": text})
