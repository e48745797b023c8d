"""How a delimited text is written: what separates its cells, what quotes them, whether it has a header."""

import csv
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

DELIMITERS = (",", "\t", ";", "|")


@dataclass(frozen=True)
class Dialect:
    """What separates cells, what quotes them (empty: nothing), and how sure that is, from 0 to 1."""

    delimiter: str
    quote: str = '"'
    confidence: float = 1.0


def detect_dialect(text: str, delimiter: str | None = None) -> Dialect:
    """The dialect under which the rows of a sample agree best on their number of cells."""
    if delimiter is not None:
        return Dialect(delimiter)
    scored = sorted(((_agreement(text, candidate), -place) for place, candidate in enumerate(DELIMITERS)), reverse=True)
    best, place = scored[0]
    if best == 0:
        return Dialect(",", confidence=0.5)
    return Dialect(DELIMITERS[-place], confidence=round(best / (best + scored[1][0]), 3))


def rows_of(text: str, delimiter: str) -> list[list[str]]:
    """The rows of a sample, blank lines left out."""
    return [row for row in csv.reader(text.splitlines(keepends=True), delimiter=delimiter) if row]


def _agreement(text: str, delimiter: str) -> float:
    """0 where the delimiter separates nothing; more the more rows have the same, larger number of cells."""
    widths = Counter(len(row) for row in rows_of(text, delimiter))
    if not widths:
        return 0.0
    width, rows = widths.most_common(1)[0]
    return 0.0 if width == 1 else (rows / widths.total()) ** 2 * (1 - 1 / width)


def has_header(first: Sequence[str], typed: Sequence[bool]) -> tuple[bool, str]:
    """Whether the first row names the columns, and why; `typed` says which columns hold something else than text."""
    if any(_is_value(cell) for cell in first):
        return False, "the first row holds numbers or dates, like the rows below it"
    if any(typed):
        return True, "the first row is text where the columns below hold numbers, dates or booleans"
    return True, "nothing distinguishes the first row, and most files have a header"


def _is_value(cell: str) -> bool:
    """Whether a cell is a number, or starts like a date."""
    try:
        float(cell)
    except ValueError:
        return cell[:4].isdigit() and cell[4:5] == "-"
    return cell.strip().lower() not in ("nan", "inf", "infinity")
