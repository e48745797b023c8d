"""How a delimited text is written: what separates its cells, what quotes them, what escapes a quote.

Every candidate reads the first records of the text, and the one under which they agree best on their width, and look
most like single cells, wins. The idea is that of van den Burg, Nazábal and Sutton (2019), with a measure of our own.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice

from analyzer.ingest.cell_shapes import ADDRESS, WITH_COMMA, is_one_value, is_value, tidiness
from analyzer.ingest.dialect import Dialect
from analyzer.ingest.records import Cells, RecordReader
from analyzer.models.datasets import ReadingOptions

PRIORS = {",": 1.0, "\t": 1.0, ";": 1.0, "|": 1.0, "\x1f": 1.0, "\x01": 1.0, "^": 0.8, "~": 0.8, "§": 0.8, "¦": 0.8,
          ":": 0.5, " ": 0.5, "#": 0.5, "*": 0.5, "/": 0.3, "&": 0.5, "!": 0.5, "@": 0.4}  # fmt: skip
"""How likely a character is meant as a delimiter where it would do as one."""

PRIOR_OF_SEVERAL = 0.97
PUNCTUATION_RUN = re.compile(r"[^\w\s\"'.\-+]{2,4}|[ \t]?[,;|\t][ \t]|[^\w\s\"'.\-+][^\w\s\"']?\|[^\w\s\"'.\-+]?")
QUOTES = ('"', "'")
IN_VALUES = " :/"
"""Delimiters that texts, times and dates contain: the cells have to be values, or the rows to agree well."""
SURE_AGREEMENT = 0.7
SLIPS = 0.01
"""At most so many rows of numbers may be no grouped number where blanks group digits."""
JUDGED_CHARACTERS = 32_768
JUDGED_RECORDS = 120
SINGLE_COLUMN = 0.12
"""What a text scores as one column of words; a delimiter has to do better."""


def detect_dialect(sample: str, options: ReadingOptions) -> Dialect:
    """The dialect of a text that begins with `sample`; what the options decide is not detected."""
    judged = sample[:JUDGED_CHARACTERS]
    if len(sample) > JUDGED_CHARACTERS and (cut := max(judged.rfind("\n"), judged.rfind("\r"))) > 0:
        judged = judged[: cut + 1]
    scores = {dialect: _score(judged, dialect) for dialect in _candidates(judged, options)}
    best = max(scores, key=lambda dialect: scores[dialect], default=None)
    quote = '"' if options.quote is None else options.quote
    as_one = _single_column_score(judged)
    single = Dialect(options.delimiter or _unused(judged, as_one), quote, options.escape or "", confidence=0.7)
    if best is None or (not options.delimiter and scores[best] < as_one):
        return single
    rival = max((score for other, score in scores.items() if other.delimiter != best.delimiter), default=0.0)
    return replace(
        best, confidence=round(scores[best] / (scores[best] + rival), 3) if scores[best] else single.confidence
    )


def explains(sample: str) -> float:
    """How well the best dialect explains a sample as a table of several columns, from 0 to 1."""
    judged = sample[:JUDGED_CHARACTERS]
    return max((_score(judged, dialect, 0.0) for dialect in _candidates(judged, ReadingOptions())), default=0.0)


def _candidates(sample: str, options: ReadingOptions) -> Iterator[Dialect]:
    """Dialects the text could be in, likelier ones first."""
    for delimiter in [options.delimiter] if options.delimiter else _delimiters(sample):
        for quote in QUOTES if options.quote is None else [options.quote]:
            if quote == '"' or options.quote is not None or _opens_cells(sample, delimiter, quote):
                for escape in _escapes(sample, delimiter, quote) if options.escape is None else [options.escape]:
                    yield Dialect(delimiter, quote, escape)


def _escapes(sample: str, delimiter: str, quote: str) -> list[str]:
    """What could escape the quote: nothing but its doubling, or a backslash before a quote that does not end a cell."""
    if not quote or "\\" + quote not in sample:
        return [""]
    return ["", "\\"] if re.search(rf"\\{quote}(?!{re.escape(delimiter)}|[\r\n]|\Z)", sample) else [""]


def _delimiters(sample: str) -> list[str]:
    """Characters, and runs of punctuation, that stand in at least a third of the lines."""
    lines = [line for line in sample.splitlines()[:JUDGED_RECORDS] if line.strip()]
    enough = max(1, len(lines) // 3)
    single = [mark for mark in PRIORS if sum(mark in line for line in lines) >= enough]
    runs: Counter[str] = Counter()
    for line in lines:
        runs.update(set(PUNCTUATION_RUN.findall(line)))
    several = [run for run, count in runs.most_common(6) if count >= max(2, enough) and len(run) > 1]
    parts = {mark for run in several if _is_whole(sample, run) for mark in run}
    return [mark for mark in single if mark not in parts] + several


def _is_whole(sample: str, run: str) -> bool:
    """Whether a run such as `||` or `|~|` is one delimiter: none of its characters stands anywhere else.

    Not of commas or tabs, which rather have a column between them that holds nothing.
    """
    mirrored = run == run[::-1] and run[0] not in ",\t"
    return mirrored and all(sample.count(mark) == sample.count(run) * run.count(mark) for mark in run)


def _opens_cells(sample: str, delimiter: str, quote: str) -> bool:
    """Whether the quote stands where cells begin and where cells end, in at least two places."""
    mark, border = re.escape(quote), re.escape(delimiter)
    begins = len(re.findall(rf"(?:^|{border}){mark}", sample, re.MULTILINE))
    ends = len(re.findall(rf"{mark}(?:{border}|\r?$)", sample, re.MULTILINE))
    return begins >= 2 and ends >= 2


def _score(sample: str, dialect: Dialect, for_width: float = 1.0) -> float:
    """How well the dialect explains the sample, from 0 to 1: agreement on the width × how tidy the cells are.

    `for_width` tells how much a table of few columns is distrusted.
    """
    read = [record.cells for record in islice(RecordReader(dialect).read(sample), JUDGED_RECORDS)]
    widths = Counter(len(cells) for cells in read)
    if not read or set(widths) == {1} or (len(read) == 1 and not for_width):
        return 0.0
    if dialect.delimiter in ":/" and _are_values_below_a_name(read):
        return 0.0
    agreement = sum((count / len(read)) ** 2 * (1 - for_width / width) for width, count in widths.items())
    cells = [cell or "" for cells in read if len(cells) > 1 for cell in cells]
    tidy = sum(map(tidiness, cells)) / len(cells)
    if dialect.delimiter in IN_VALUES and sum(map(is_value, cells)) < len(cells) / 2 and agreement < SURE_AGREEMENT:
        return 0.0
    prior = PRIORS.get(dialect.delimiter, PRIOR_OF_SEVERAL)
    return agreement * tidy**2 * prior * (1 - _empty_columns(read) / 2)


def _are_values_below_a_name(rows: Sequence[Cells]) -> bool:
    """Whether only the first row has a single cell and the next one values: then they are parts of one, as of a MAC."""
    single = [len(cells) == 1 for cells in rows]
    return single[0] and not any(single[1:]) and any(is_value(cell) for cell in rows[1] if cell)


def _empty_columns(rows: Sequence[Cells]) -> float:
    """The share of columns without any cell, as a delimiter that is half of the true one makes them."""
    filled: set[int] = set()
    for cells in rows:
        filled.update(place for place, cell in enumerate(cells) if cell)
    return 1 - len(filled) / max(map(len, rows))


def _single_column_score(sample: str) -> float:
    """How well the sample reads as one column: well, if its lines are numbers or dates as they stand."""
    lines = [line for line in sample.splitlines()[:JUDGED_RECORDS] if line.strip()]
    if not lines or _are_rows_of_numbers(lines):
        return SINGLE_COLUMN
    headed = "," not in lines[0] and not is_one_value(lines[0])
    values = sum(_line_is_value(line, headed) for line in lines) / len(lines)
    return max(SINGLE_COLUMN, 0.7 * values if values > 0.5 else 0.0)


def _line_is_value(line: str, headed: bool) -> bool:
    """Whether a line is one value as it stands. A comma in it separates two, but below a name without one."""
    if ADDRESS.fullmatch(line) and "," not in line:
        return True
    return is_one_value(line) and ("," not in line or (headed and WITH_COMMA.fullmatch(line.strip()) is not None))


def _are_rows_of_numbers(lines: Sequence[str]) -> bool:
    """Whether blanks separate numbers in the lines and do not group the digits of one.

    Groups have three digits, but of the first in some lines; and a name above a column has no need of as many words.
    """
    rows = [line.split() for line in lines]
    several = [place for place, row in enumerate(rows) if len(row) > 1 and all(map(is_one_value, row))]
    if sum(not is_one_value(lines[place]) for place in several) > SLIPS * len(several):
        return True
    full = all(len(rows[place]) == len(rows[0]) and set(map(len, rows[place])) == {3} for place in several)
    return bool(several) and full and all(piece.isdigit() for place in several for piece in rows[place])


def _unused(sample: str, as_one: float) -> str:
    """A delimiter that does not occur in a text of one column. A small table among remarks still has its commas."""
    if as_one > SINGLE_COLUMN or sample.count(",") == sample.count(", "):
        return next((mark for mark in PRIORS if mark not in sample), ",")
    return ","
