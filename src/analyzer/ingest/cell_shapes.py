"""What a single cell looks like, for judging dialects and headers. Nothing here decides a type; column_types does."""

import re
from functools import lru_cache

NUMBERS = re.compile(r"[-+]?[$€£]?\d[\d \u00a0\u2009\u202f',.]*\d?([eE][-+]?\d+)?\s?[%€$£]?|[-+]?[.,]\d+")
"""A number, or several with blanks between them."""
GROUPED = r"[1-9]\d{0,2}([ \u00a0\u2009\u202f]\d{3})+([.,]\d*)?"
NUMBER = re.compile(rf"[-+]?[$€£]?({GROUPED}|\d[\d',.]*)([eE][-+]?\d+)?\s?[%€$£]?|[-+]?[.,]\d+")
WITH_COMMA = re.compile(rf"[-+]?({GROUPED}|\d{{1,3}}(\.\d{{3}})*,\d+|\d+,\d+|\d{{1,3}}(,\d{{3}})+(\.\d*)?)")
CLOCK = r"\d{1,2}:\d{2}(:\d{2}([.,]\d+)?)?( ?[AaPp][Mm]| ?Z| ?[+-]\d{2}:?\d{2})?"
DAY = r"\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4}|\d{1,2}[- ][A-Z][a-z]{2}[- ]\d{2,4}"
MOMENT = re.compile(rf"({DAY})([T ,]+{CLOCK})?|{CLOCK}")
ADDRESS = re.compile(r"(https?|ftp)://\S+|www\.\S+|[\w.+-]+@[\w-]+\.\w+")
MAC = re.compile(r"[\dA-Fa-f]{2}([:-][\dA-Fa-f]{2}){5}")
WORDS = re.compile(r"[^\W\d_][\w .()/&+'’-]*")
BOOLEANS = frozenset(("true", "false", "yes", "no"))


@lru_cache(maxsize=65_536)
def is_value(cell: str) -> bool:
    """Whether the cell is a number, a date, a time, a boolean or a MAC address: what names of columns are not."""
    return is_one_value(cell) or NUMBERS.fullmatch(cell.strip()) is not None


@lru_cache(maxsize=65_536)
def is_one_value(cell: str) -> bool:
    """Whether the cell is such a value, and no several numbers with blanks between them."""
    cell = cell.strip()
    return any(shape.fullmatch(cell) for shape in (NUMBER, MOMENT, MAC)) or cell.lower() in BOOLEANS


@lru_cache(maxsize=65_536)
def tidiness(cell: str) -> float:
    """How much the cell looks like one cell, from 0 to 1: a value or a word does, a piece of a broken row does not."""
    if not cell:
        return 0.9
    if cell != cell.strip():
        return 0.8 * tidiness(cell.strip())
    if is_value(cell) or ADDRESS.fullmatch(cell):
        return 1.0
    if WORDS.fullmatch(cell):
        return 0.95
    if '\\"' in cell or "\\'" in cell:
        return 0.3
    if cell[0] in "\"'`" or cell[-1] in '"`':
        return 0.1
    if any(cell.count(opening) != cell.count(closing) for opening, closing in ("[]", "{}", "()")):
        return 0.4
    return 0.5 if any(mark in cell for mark in ",;|\t") else 0.75
