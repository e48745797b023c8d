"""Text from outside as a prompt shows it: in JSON strings, where it is data and can neither end its block nor hide."""

import json
import re
import unicodedata
from typing import Any

ASCII = 0x7F
MOST_CHARACTERS = 120  # of one name or value

HIDDEN = re.compile("[<>\u007f-\u009f\u2028\u2029]")


def quoted(value: Any) -> str:
    """JSON of this value, in which no character is invisible and none opens or closes a tag."""
    text = HIDDEN.sub(_escape, json.dumps(value, ensure_ascii=False))
    return "".join(_escape(char) if unicodedata.category(char) in ("Cf", "Co", "Cn") else char for char in text)


def cut(text: str) -> str:
    """A name or a value that is not longer than a prompt can bear."""
    return text if len(text) <= MOST_CHARACTERS else f"{text[:MOST_CHARACTERS]}…"


def _escape(found: re.Match[str] | str) -> str:
    char = found if isinstance(found, str) else found[0]
    return json.dumps(char)[1:-1] if ord(char) > ASCII else f"\\u{ord(char):04x}"
