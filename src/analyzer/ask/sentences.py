"""The answer as a sentence: the model writes it around a gap before anything is computed, and we put the value in."""

import re
from collections.abc import Sequence
from typing import Any

GAP = re.compile(r"\{\s*(value|result)?((?:[.\[]?[\w %°/-]+\]?)*)\s*\}")
NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
MOST_ROWS = 12
GROUPED_FROM = 10_000


def sentence(template: str | None, value: Any, question: str) -> tuple[str, str | None]:
    """The sentence with its value, and a warning where the model's own had to be left out."""
    said = spoken(value)
    if template is None:
        return f"The result is {said}.", None
    if GAP.search(template):
        return GAP.sub(lambda found: _filled(found[2], value), template), None
    if set(NUMBER.findall(template)) - set(NUMBER.findall(question)):
        return f"The result is {said}.", "The model's own sentence held numbers that nobody had computed: left out."
    return f"{template.rstrip()} {said[:1].upper()}{said[1:]}.", None


def _filled(path: str, value: Any) -> str:
    key = path.strip(" .[]'\"")
    return spoken(value[key] if key and isinstance(value, dict) and key in value else value)


def spoken(value: Any) -> str:
    """A value inside a sentence."""
    if isinstance(value, list) and value and all(isinstance(row, dict) for row in value):
        return _rows(value)
    if isinstance(value, dict):
        return ", ".join(f"{name}: {spoken(item)}" for name, item in list(value.items())[:MOST_ROWS]) or "nothing"
    if isinstance(value, list):
        return ", ".join(spoken(item) for item in value[:MOST_ROWS]) + (", …" if len(value) > MOST_ROWS else "")
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}" if abs(value) >= GROUPED_FROM else str(value)
    return f"{value:.6g}" if isinstance(value, float) and 1e-4 <= abs(value) < 1e6 else str(value)


def _rows(rows: Sequence[dict[str, Any]]) -> str:
    if len(rows) > MOST_ROWS or len(rows[0]) != 2:
        return f"a table of {len(rows):,} rows and {len(rows[0])} columns" if len(rows) > 1 else spoken(rows[0])
    return ", ".join(" ".join(spoken(cell) for cell in row.values()) for row in rows)
