"""Text from outside, made harmless: what would move the cursor, colour the screen or turn the line is shown instead."""

import json
import re
from typing import Any

from rich.cells import cell_len, set_cell_size

BIDI = (0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A))
BREAKS = (0x2028, 0x2029)
C0_PICTURES = 0x2400  # ␀ to ␟ stand in the order of what they depict
DELETE = 0x7F

SHOWN = (
    {code: chr(C0_PICTURES + code) for code in range(0x20)}
    | {DELETE: "␡"}
    | {code: f"⟨U+{code:04X}⟩" for code in (*range(0x80, 0xA0), *BIDI, *BREAKS)}
    | dict.fromkeys(range(0xD800, 0xE000), "\N{REPLACEMENT CHARACTER}")  # of file names that are no UTF-8
)
UNSAFE_IN_JSON = re.compile("[" + "".join(chr(code) for code in SHOWN if code >= DELETE) + "]")


def plain(text: object) -> str:
    """One line of text that any terminal shows as it stands."""
    return str(text).translate(SHOWN)


def plain_json(value: Any) -> str:
    """JSON of the same value, with escapes for what a terminal would obey."""
    text = json.dumps(value, ensure_ascii=False, indent=2)
    return UNSAFE_IN_JSON.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def cut(text: str, width: int) -> str:
    """The text in at most so many cells; an ellipsis says that there is more."""
    if cell_len(text) <= width:
        return text
    return set_cell_size(text, max(width - 1, 0)).rstrip() + "…" if width > 0 else ""


def listed(items: list[str], width: int) -> str:
    """As many items as fit, whole, an ellipsis for the others. Nothing when there is no room for one."""
    shown = ", ".join(items)
    if cell_len(shown) <= width:
        return shown
    for most in range(len(items) - 1, 0, -1):
        shown = ", ".join(items[:most]) + ", …"
        if cell_len(shown) <= width:
            return shown
    return ""
