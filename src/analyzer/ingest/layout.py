"""Where in a delimited text the table is: what stands above it, which rows name the columns, how wide it is."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from analyzer.errors import TooWide
from analyzer.ingest.cell_shapes import is_value
from analyzer.ingest.headers import Header, numbered, unique_names
from analyzer.ingest.limits import Limits
from analyzer.ingest.records import Cells, Record

COMMENTS = ("#", "//", "%", "--")
REMARKS = tuple(f"{mark} " for mark in COMMENTS)
MAX_PREAMBLE_RECORDS = 60
MAX_HEADER_ROWS = 3
NAMED_SHARE = 0.3
"""The least share of rows as wide as the names above them."""
JUDGED_ROWS = 200
JUDGED_CELLS = 10_000
REPETITION = 0.4
"""How much a first cell that comes again below speaks against names. A text above numbers speaks for them by 1."""


@dataclass(frozen=True)
class Layout:
    """The table's place in the text: `start` (characters) and `line` (lines before) are where its first data row is."""

    header: Header
    has_header: bool
    reason: str
    start: int
    line: int
    table_line: int
    preamble: tuple[Record, ...]
    rows: tuple[Cells, ...]
    remark: str | None

    @property
    def width(self) -> int:
        return len(self.header.names)


def is_comment(cells: Cells) -> bool:
    """Whether a row that does not fit the table is a comment."""
    return (cells[0] or "").lstrip().startswith(COMMENTS)


def is_remark(cells: Cells) -> bool:
    """Whether a row as wide as the table may be a comment; that other rows begin with values has to show it."""
    return (cells[0] or "").startswith(REMARKS)


def find_layout(records: Sequence[Record], wanted_header: bool | None, limits: Limits) -> Layout:
    """The layout of a text that begins with these records. Raises TooWide."""
    _check_width(records, limits)
    width = _usual_width(records)
    first = _below_remarks(records, _first_of_table(records, width), width)
    found, reason = _judge_header(records[first].cells, [record.cells for record in records[first + 1 :]], width)
    if wanted_header is not None:
        found, reason = wanted_header, "as asked"
    rows = records[first + 1 :] if found else records[first:]
    extra = _further_header_rows([record.cells for record in rows], width) if found and wanted_header is None else 0
    header, remark = numbered(width), _left_out(records[:first]) if wanted_header is None else None
    if found:
        below = [record.cells for record in rows[extra:]]
        header, remark = _header([record.cells for record in records[first : first + 1 + extra]], below, width)
    if extra:
        reason += f"; {extra + 1} rows of names were joined"
    return Layout(
        header=header,
        has_header=found,
        reason=reason,
        start=rows[extra].start if len(rows) > extra else records[-1].end,
        line=rows[extra].line if len(rows) > extra else records[-1].line + 1,
        table_line=records[first].line + 1,
        preamble=tuple(records[:first]),
        rows=_without_remarks([record.cells for record in rows[extra:] if len(record.cells) == len(header.names)]),
        remark=remark,
    )


def _below_remarks(records: Sequence[Record], first: int, width: int) -> int:
    """The index of the record the table begins with where comments as wide as it stand above its names."""
    names = next((place for place in range(first, len(records)) if not is_remark(records[place].cells)), first)
    if names == first or names + 1 >= len(records):
        return first
    above, below = records[names].cells, records[names + 1].cells
    return names if len(above) == len(below) == width and _all_names(above) and not _all_names(below) else first


def _without_remarks(rows: list[Cells]) -> tuple[Cells, ...]:
    """The rows, but for comments among those that begin with a value."""
    kept = tuple(row for row in rows if not is_remark(row))
    return kept if any(row[0] and is_value(row[0]) for row in kept) else tuple(rows)


def _left_out(above: Sequence[Record]) -> str | None:
    """What to say of lines above a table without names, if the last may have been meant as one."""
    if not above or is_comment(above[-1].cells) or _filled(above[-1].cells) != 1:
        return None
    text = next(cell for cell in above[-1].cells if cell)
    return f"No row names the columns; line {above[-1].line + 1:,} above the table was left out: {text[:60]!r}."


def _check_width(records: Sequence[Record], limits: Limits) -> None:
    for record in records:
        if len(record.cells) > limits.max_columns:
            raise TooWide(
                f"Line {record.line + 1} has {len(record.cells):,} cells; the limit is {limits.max_columns:,} columns.",
                where={"line": record.line + 1},
                limit=limits.max_columns,
            )


def _usual_width(records: Sequence[Record]) -> int:
    """The width of most rows, where wider ones count more: a preamble has many narrow lines, a table has wide ones."""
    widths = Counter(
        len(record.cells) for record in records if not (len(record.cells) == 1 and is_comment(record.cells))
    )
    if not widths:
        return 1
    if (named := _named_width(records, widths)) is not None:
        return named
    width = max(widths, key=lambda width: (widths[width] * (1 - 0.9 / width), width))
    return _with_longer_rows(records, width, widths)


def _named_width(records: Sequence[Record], widths: Counter[int]) -> int | None:
    """The width of names at the top, if many rows have it: those with more cells then hold a delimiter unquoted."""
    top = next((record.cells for record in records if len(record.cells) > 1 and not is_comment(record.cells)), None)
    if top is None or not _all_names(top) or _filled(top) < len(top):
        return None
    return len(top) if widths[len(top)] - 1 >= max(2, NAMED_SHARE * len(records)) else None


def _with_longer_rows(records: Sequence[Record], width: int, widths: Counter[int]) -> int:
    """A greater width, if a sizeable part of the rows has it and fills it."""
    for longer in sorted((other for other in widths if other > width), reverse=True):
        filled = [record for record in records if len(record.cells) == longer and any(record.cells[width:])]
        if len(filled) >= max(3, len(records) // 10):
            return longer
    return width


def _first_of_table(records: Sequence[Record], width: int) -> int:
    """The index of the record the table begins with: the first of the usual width, or names just above it."""
    first = next((place for place, record in enumerate(records) if len(record.cells) == width), 0)
    if first > MAX_PREAMBLE_RECORDS:
        return 0
    if first > 0 and _names_for(records[first - 1].cells, records[first].cells, width):
        return first - 1
    if width >= 3:
        filled = [_filled(record.cells) for record in records[first : first + 20]]
        best = next((place for place, count in enumerate(filled) if count >= 0.8 * width), 0)
        if best and max(filled[:best]) <= max(1, width // 3) and _all_names(records[first + best].cells):
            return first + best
    return first


def _names_for(above: Cells, below: Cells, width: int) -> bool:
    """Whether a row of another width is the header: one name short, as R writes it, or with more names than cells."""
    fits = len(above) == width - 1 or len(above) > width
    return fits and len(above) > 1 and _all_names(above) and not _all_names(below) and not is_comment(above)


def _filled(cells: Cells) -> int:
    return sum(1 for cell in cells if cell and cell.strip())


def _all_names(cells: Cells) -> bool:
    return not any(is_value(cell) for cell in cells if cell)


def _judge_header(first: Cells, rows: Sequence[Cells], width: int) -> tuple[bool, str]:
    """Whether the first row names the columns, and why."""
    below = [row for row in rows[: _judged_rows(width)] if len(row) == width]
    if not below:
        found = _all_names(first) and _filled(first) > 0
        return found, "the only row holds no values" if found else "the only row holds values"
    speaks_for, speaks_against = 0.0, 0.0
    for place, cell in enumerate(first[:width]):
        column = [row[place] for row in below if row[place]]
        typed = bool(column) and sum(map(is_value, column)) > 0.8 * len(column)
        if cell and is_value(cell) and not (_is_year(cell) and not all(map(_is_year, column))):
            speaks_against += typed or not column
        elif cell:
            speaks_for += typed
            speaks_against += REPETITION if cell in column else 0
    if speaks_for > speaks_against:
        return True, "the first row is text where the columns below hold numbers, dates or booleans"
    if speaks_against:
        return False, "the first row holds values like those in the rows below it"
    return _judge_names(first)


def _judged_rows(width: int) -> int:
    """How many rows are looked at: fewer where they are wide."""
    return max(10, min(JUDGED_ROWS, JUDGED_CELLS // width))


def _judge_names(first: Cells) -> tuple[bool, str]:
    """The decision where all columns are text: names are filled in, differ from each other, and are not long."""
    names = [cell.strip() for cell in first if cell and cell.strip()]
    if len(names) >= 0.5 * len(first) and len(set(names)) == len(names) and max(map(len, names)) <= 100:
        return True, "nothing distinguishes the first row from the others, and most files have a header"
    return False, "the first row has gaps, repetitions or long texts, unlike names"


def _is_year(cell: str | None) -> bool:
    return cell is not None and len(cell) == 4 and cell.isdigit() and "1900" <= cell <= "2100"


def _further_header_rows(rows: Sequence[Cells], width: int) -> int:
    """How many rows below the first one name columns too: text in every column that holds values further down."""
    if len(rows) < 3 or width < 2:
        return 0
    below = [row for row in rows[MAX_HEADER_ROWS - 1 : _judged_rows(width)] if len(row) == width]
    typed = [
        place
        for place in range(width)
        if (column := [row[place] for row in below if row[place]]) and sum(map(is_value, column)) > 0.9 * len(column)
    ]
    if len(typed) < max(2, width // 4):
        return 0
    further = 0
    while further < MAX_HEADER_ROWS - 1 and len(rows[further]) == width and _names_all(rows[further], typed):
        further += 1
    return further


def _names_all(row: Cells, places: Sequence[int]) -> bool:
    """Whether the row holds letters, and no value, in all these columns."""
    return all((cell := row[place]) and not is_value(cell) and any(map(str.isalpha, cell)) for place in places) and (
        len({row[place] for place in places}) > 1
    )


def _header(rows: Sequence[Cells], below: Sequence[Cells], width: int) -> tuple[Header, str | None]:
    """Names out of one or more header rows, several joined from the top down; and what to say if one was missing."""
    first, remark = rows[0], None
    while len(first) > width and not first[-1]:
        first = first[:-1]
    if len(first) == width - 1:
        last = _ends_empty(below, width)
        first = [*first, None] if last else [None, *first]
        which = "last one, which is empty, was" if last else "first one was, as row names are,"
        remark = (
            f"The header names {width - 1:,} columns and the rows have {width:,}: the {which} taken to have no name."
        )
    first = [*first, *[None] * (width - len(first))]
    joined = [
        " ".join(dict.fromkeys(part for part in parts if part))
        for parts in zip(first, *[[*row, *[None] * (len(first) - len(row))] for row in rows[1:]], strict=True)
    ]
    return unique_names(joined), remark


def _ends_empty(rows: Sequence[Cells], width: int) -> bool:
    """Whether rows of the full width end with a delimiter that no cell follows, as some programs end every row."""
    full = [row for row in rows if len(row) == width]
    return bool(full) and not any(row[-1] for row in full)
