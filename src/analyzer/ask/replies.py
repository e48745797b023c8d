"""What a model's reply holds: text, code, or a document; while it comes, and when it is whole."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

FENCE = re.compile(r"^[ \t]*```[ \t]*([\w+-]*)[ \t]*\n(.*?)(?:^[ \t]*```[ \t]*$|\Z)", re.DOTALL | re.MULTILINE)
SENTENCE = re.compile(r"^[ \t>*_#-]*answer[*_]*\s*:[*_]*\s*(.+)$", re.IGNORECASE | re.MULTILINE)
PYTHON = ("python", "py", "python3")


@dataclass(frozen=True)
class Reply:
    """A whole reply. Code goes before a document, whatever was asked for."""

    text: str
    code: str | None = None
    document: dict[str, Any] | None = None

    @property
    def prose(self) -> str:
        """What stands outside of fences."""
        return FENCE.sub("", self.text).strip()

    @property
    def sentence(self) -> str | None:
        """The sentence that the value is to be put into."""
        if self.document is not None and isinstance(self.document.get("answer"), str):
            return str(self.document["answer"])
        found = SENTENCE.findall(self.prose)
        return found[-1].strip() if found else None


def read_reply(text: str) -> Reply:
    """The reply as what it can be used for."""
    blocks = [(language.lower(), body) for language, body in FENCE.findall(text)]
    code = [body for language, body in blocks if language in PYTHON]
    if code:
        return Reply(text, code="\n".join(code))
    for language, body in blocks or [("", text)]:
        document = _document(body)
        if document is not None:
            return Reply(text, document=document)
        if blocks and not language and body.strip():
            return Reply(text, code=body)
    return Reply(text)


def _document(text: str) -> dict[str, Any] | None:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


class Splitter:
    """Takes a reply apart while it comes: `text.delta` and `code.delta`. Documents are for us and are not shown."""

    def __init__(self) -> None:
        self._line = ""  # the beginning of a line that may become a fence
        self._kind: str | None = "text.delta"

    def feed(self, text: str) -> Iterator[tuple[str, str]]:
        """What can be shown of it now."""
        shown = ""
        for piece in text.splitlines(keepends=True):
            self._line += piece
            may_be_fence = self._line.lstrip(" \t")[:3] in ("", "`", "``", "```")
            if may_be_fence and not self._line.endswith("\n"):
                continue
            line, self._line = self._line, ""
            if may_be_fence and line.strip():
                if shown and self._kind:
                    yield self._kind, shown
                shown = ""
                self._turn(line.strip().strip("`").strip().lower())
            else:
                shown += line
                self._line = "" if line.endswith("\n") else "\0"  # the rest of a line that is no fence
        if self._line == "\0":
            self._line = ""
        if shown and self._kind:
            yield self._kind, shown

    def close(self) -> Iterator[tuple[str, str]]:
        """What was held back."""
        if self._line.strip("` \t") and self._kind:
            yield self._kind, self._line

    def _turn(self, language: str) -> None:
        inside = self._kind != "text.delta"
        self._kind = "text.delta" if inside else ("code.delta" if language in PYTHON or not language else None)
