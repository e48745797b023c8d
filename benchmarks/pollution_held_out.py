"""A second corpus of polluted CSV files, of which the detector has seen none: other tables, other people's habits.

The files are made by chance from a seed: each habit befalls tables of several trades, written with whatever delimiter,
quotes and line ends chance picks. Look at the scores, mend what is general, and never look for one file.
"""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from pollution import Polluted, Row, Style

SEED = 20_261_125
TOWNS = ["Łódź", "São Paulo", "Bad Oeynhausen", "St. John's", "Aix-en-Provence", "Malmö"]
WORDS = ["the", "pump", "was", "checked", "and", "found", "in", "order,", "no", "leaks;", "next", "visit", "spring"]


@dataclass(frozen=True)
class Table:
    """A table of some trade, as texts. `decimal` is the mark in its numbers, so it is no delimiter."""

    trade: str
    names: Row
    rows: list[Row]
    decimal: str = "."


def weather(chance: random.Random, count: int) -> Table:
    """Readings of stations: moments, numbers below zero, gaps."""
    rows = [
        [
            chance.choice(["KLX", "B-12", "North 3"]),
            f"2021-{chance.randint(1, 12):02d}-{chance.randint(1, 28):02d} {chance.randint(0, 23):02d}:40:00",
            f"{chance.gauss(4, 9):.1f}",
            chance.choice(["", f"{chance.uniform(980, 1040):.2f}"]),
            str(chance.randint(0, 359)),
        ]
        for _ in range(count)
    ]
    return Table("weather", ["station", "taken_at", "temp_c", "pressure", "wind"], rows)


def members(chance: random.Random, count: int) -> Table:
    """People of a club: names with commas and apostrophes, codes with leading zeros, telephone numbers."""
    people = ["O'Neil, Pat", "Müller, Änne", "Smith, J. (jun.)", "van der Berg, Ko", "D'Arcy, Lou", "Nguyen, Thi"]
    rows = [
        [
            f"{chance.randint(1, 9999):06d}",
            chance.choice(people),
            chance.choice(TOWNS),
            f"+49 {chance.randint(30, 999)} {chance.randint(10_000, 999_999)}",
            f"19{chance.randint(40, 99)}-{chance.randint(1, 12):02d}-{chance.randint(1, 28):02d}",
            chance.choice(["true", "false"]),
            str(chance.randint(1, 400)),
        ]
        for _ in range(count)
    ]
    return Table("members", ["Member no.", "Name", "Town", "Phone", "Born", "Active", "Points"], rows)


def invoices(chance: random.Random, count: int) -> Table:
    """Bookings as a German program writes them: decimal commas, days first."""
    rows = [
        [
            f"RE-{chance.randint(1, 99_999):05d}",
            f"{chance.randint(13, 28)}.{chance.randint(1, 12):02d}.20{chance.randint(10, 25)}",
            f"{chance.uniform(1, 999):.2f}".replace(".", ","),
            chance.choice(["19,0", "7,0"]),
            chance.choice(["Büromaterial", "Miete Halle 3", "Strom & Gas", "Porto"]),
        ]
        for _ in range(count)
    ]
    return Table("invoices", ["Beleg", "Datum", "Betrag", "Satz", "Buchungstext"], rows, ",")


def visits(chance: random.Random, count: int) -> Table:
    """Long remarks beside a few codes."""
    rows = [
        [
            str(chance.randint(1000, 9999)),
            chance.choice("ABC"),
            " ".join(chance.sample(WORDS, chance.randint(3, 12))),
            f"{chance.uniform(0, 1):.3f}",
        ]
        for _ in range(count)
    ]
    return Table("visits", ["ticket", "class", "remark", "share"], rows)


TRADES: tuple[Callable[[random.Random, int], Table], ...] = (weather, members, invoices, visits)
Made = tuple[str | bytes, Row, list[Row]]
Habit = Callable[[Table, Style, random.Random], Made]
HABITS: dict[str, tuple[float, Habit]] = {}


def habit(weight: float) -> Callable[[Habit], Habit]:
    """Something people and programs do to files, and how often, of a thousand files."""

    def add(made: Habit) -> Habit:
        HABITS[made.__name__] = weight, made
        return made

    return add


def _whole(table: Table, style: Style) -> str:
    return style.text([table.names, *table.rows])


def _made(text: str | bytes, table: Table) -> Made:
    return text, table.names, table.rows


@habit(300)
def as_it_is(table: Table, style: Style, chance: random.Random) -> Made:
    return _made(_whole(table, style), table)


@habit(60)
def mark_of_unicode(table: Table, style: Style, chance: random.Random) -> Made:
    return _made(_whole(table, style).encode("utf-8-sig"), table)


@habit(15)
def line_for_excel(table: Table, style: Style, chance: random.Random) -> Made:
    return _made(f"sep={style.delimiter}{style.line_end}" + _whole(table, style), table)


@habit(15)
def facts_above(table: Table, style: Style, chance: random.Random) -> Made:
    facts = [["Exported by", "A. Person"], ["Period", "2021-01-01"], ["Status", "final"]]
    return _made(style.text(facts) + style.line_end + _whole(table, style), table)


@habit(15)
def a_paragraph_above(table: Table, style: Style, chance: random.Random) -> Made:
    text = "These figures are provisional, incomplete, and may change; see the notes, or ask." + style.line_end
    return _made(text + style.line_end + _whole(table, style), table)


@habit(8)
def padded_title_above(table: Table, style: Style, chance: random.Random) -> Made:
    empty = style.delimiter * (len(table.names) - 1) + style.line_end
    return _made("List of all" + empty + empty + _whole(table, style), table)


@habit(10)
def count_below(table: Table, style: Style, chance: random.Random) -> Made:
    return _made(_whole(table, style) + style.line_end + f"({len(table.rows)} rows affected){style.line_end}", table)


@habit(8)
def empty_rows_below(table: Table, style: Style, chance: random.Random) -> Made:
    return _made(_whole(table, style) + (style.delimiter * (len(table.names) - 1) + style.line_end) * 12, table)


@habit(3)
def mark_of_the_end(table: Table, style: Style, chance: random.Random) -> Made:
    return _made(_whole(table, style) + "\x1a", table)


@habit(8)
def carriage_twice(table: Table, style: Style, chance: random.Random) -> Made:
    return _made(_whole(table, replace(style, line_end="\r\r\n")), table)


@habit(20)
def no_names(table: Table, style: Style, chance: random.Random) -> Made:
    return style.text(table.rows), [], table.rows


@habit(15)
def few_rows(table: Table, style: Style, chance: random.Random) -> Made:
    few = replace(table, rows=table.rows[: chance.randint(1, 3)])
    return _made(_whole(few, style), few)


@habit(40)
def words_in_quotes(table: Table, style: Style, chance: random.Random) -> Made:
    def cell(text: str) -> str:
        number = text.replace(table.decimal, "", 1).lstrip("-").isdigit() and table.decimal not in style.delimiter
        return text if number or not text else f'"{text}"'

    lines = [style.delimiter.join(map(cell, row)) for row in [table.names, *table.rows]]
    return _made(style.line_end.join(lines) + style.line_end, table)


@habit(10)
def blank_after_delimiter(table: Table, style: Style, chance: random.Random) -> Made:
    lines = [f"{style.delimiter} ".join(map(style.cell, row)) for row in [table.names, *table.rows]]
    return _made(style.line_end.join(lines) + style.line_end, table)


@habit(4)
def bars_with_blanks(table: Table, style: Style, chance: random.Random) -> Made:
    return _made(Style(" | ").text([table.names, *table.rows]), table)


@habit(4)
def lines_in_quotes(table: Table, style: Style, chance: random.Random) -> Made:
    lines = [style.row(row).rstrip("\r\n").replace('"', '""') for row in [table.names, *table.rows]]
    return _made("".join(f'"{line}"{style.line_end}' for line in lines), table)


@habit(5)
def tabs_without_quotes(table: Table, style: Style, chance: random.Random) -> Made:
    rows = [[*row[:-1], f'{row[-1]} 5"' if place % 9 == 4 else row[-1]] for place, row in enumerate(table.rows)]
    return Style("\t", quote="").text([table.names, *rows]), table.names, rows


@habit(5)
def database_dump(table: Table, style: Style, chance: random.Random) -> Made:
    lines = ["\t".join(cell or "\\N" for cell in row) for row in table.rows]
    return _made("\t".join(table.names) + "\n" + "\n".join(lines) + "\n", table)


@habit(3)
def drawn_by_a_terminal(table: Table, style: Style, chance: random.Random) -> Made:
    widths = [max(len(row[place]) for row in [table.names, *table.rows]) for place in range(len(table.names))]
    lines = [" " + " | ".join(map(str.ljust, row, widths)) for row in [table.names, *table.rows]]
    return _made("\n".join([lines[0], "-+-".join("-" * width for width in widths), *lines[1:]]) + "\n", table)


@habit(3)
def drawn_as_markdown(table: Table, style: Style, chance: random.Random) -> Made:
    lines = ["| " + " | ".join(row) + " |" for row in [table.names, ["---"] * len(table.names), *table.rows]]
    return _made("\n".join(lines) + "\n", table)


@habit(4)
def texts_of_many_lines(table: Table, style: Style, chance: random.Random) -> Made:
    rows = [[*row[:-1], f"{row[-1]}\nsecond{style.delimiter} line\n\nlast"] for row in table.rows]
    return style.text([table.names, *rows]), table.names, rows


@habit(5)
def json_in_cells(table: Table, style: Style, chance: random.Random) -> Made:
    rows = [[*row, f'{{"id": {place}, "tags": ["a", "b;c"]}}'] for place, row in enumerate(table.rows)]
    return style.text([[*table.names, "payload"], *rows]), [*table.names, "payload"], rows


@habit(10)
def gaps_at_the_end(table: Table, style: Style, chance: random.Random) -> Made:
    rows = [row[: chance.choice((len(row), len(row), len(row) - 1, len(row) - 2))] for row in table.rows]
    return style.text([table.names, *rows]), table.names, rows


@habit(10)
def nothing_known(table: Table, style: Style, chance: random.Random) -> Made:
    rows = [["" if chance.random() < 0.5 else cell for cell in row] for row in table.rows]
    rows = [row for row in rows if sum(map(bool, row)) > 1]
    return style.text([table.names, *rows]), table.names, rows


@habit(5)
def names_with_hash(table: Table, style: Style, chance: random.Random) -> Made:
    names = ["#" + table.names[0], *table.names[1:]]
    return style.text([names, *table.rows]), names, table.rows


@habit(6)
def years_as_names(table: Table, style: Style, chance: random.Random) -> Made:
    names = ["region", *map(str, range(2015, 2024))]
    rows = [[town, *(str(chance.randint(100, 99_999)) for _ in names[1:])] for town in TOWNS * 3]
    return style.text([names, *rows]), names, rows


@habit(4)
def many_columns(table: Table, style: Style, chance: random.Random) -> Made:
    names = [f"q{place}_{chance.choice('abc')}" for place in range(300)]
    rows = [[str(chance.randint(1, 5)) if chance.random() < 0.9 else "" for _ in names] for _ in range(25)]
    return style.text([names, *rows]), names, rows


@habit(4)
def one_column_of_values(table: Table, style: Style, chance: random.Random) -> Made:
    rows = [[row[1]] for row in table.rows]
    return style.text([table.names[1:2], *rows]), table.names[1:2], rows


ENCODINGS = {"cp1250": "Łódź przy ulicy", "cp1254": "İstanbul'da güneşli gün", "iso8859_15": "Œuvre complète, 5 €",
             "cp866": "Привет из Москвы", "utf-16": "žluťoučký",
             "cp949": "서울특별시 강남구", "cp932": "東京都千代田区"}  # fmt: skip


def _encoded(encoding: str, words: str) -> Habit:
    def made(table: Table, style: Style, chance: random.Random) -> Made:
        rows = [[words if place == 2 else row[0], *row[1:]] for place, row in enumerate(table.rows)]
        rows = [[cell if cell.isascii() else words for cell in row] for row in rows]
        names = [name if name.isascii() else words.split()[0] for name in table.names]
        return style.text([names, *rows]).encode(encoding), names, rows

    return made


HABITS |= {f"encoding_{encoding}": (6.0, _encoded(encoding, words)) for encoding, words in ENCODINGS.items()}


def corpus(seed: int = SEED) -> Iterator[Polluted]:
    """Every habit with every trade's table."""
    chance = random.Random(seed)
    for name, (weight, made) in HABITS.items():
        for trade in TRADES:
            table = trade(chance, chance.randint(12, 90))
            delimiters = ";\t|" if table.decimal == "," else ",,;\t|"
            style = Style(chance.choice(delimiters), line_end=chance.choice(("\n", "\r\n", "\r\n")))
            style = replace(style, quote_all=chance.random() < 0.2)
            text, header, rows = made(table, style, chance)
            content = text if isinstance(text, bytes) else text.encode()
            yield Polluted(f"{name}_{table.trade}", weight / len(TRADES), content, header, rows, table.decimal)
