"""A corpus of polluted CSV files, each with the table a careful person would read from it.

The kinds of pollution follow those of the Pollock benchmark (Vitagliano et al., VLDB 2023); the files and the weights
(how often a kind is met among a thousand files of open data portals, estimated) are ours.
"""

import csv
import io
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

SEED = 84
NAMES = ["DATE", "TIME", "Qty", "PRODUCTID", "Price", "ProductType", "ProductDescription", "URL", "Comments"]
Row = list[str]


@dataclass(frozen=True)
class Polluted:
    """A file and what should be read from it. `decimal` is the decimal mark of its numbers."""

    name: str
    weight: float
    content: bytes
    header: Row
    rows: list[Row]
    decimal: str = "."


@dataclass(frozen=True)
class Style:
    """How a table is written."""

    delimiter: str = ","
    quote: str = '"'
    escape: str = ""
    line_end: str = "\r\n"
    quote_all: bool = False

    def cell(self, text: str) -> str:
        special = any(mark in text for mark in (self.delimiter, self.quote or "\0", "\n", "\r"))
        if not self.quote or not (special or self.quote_all):
            return text
        return self.quote + text.replace(self.quote, (self.escape or self.quote) + self.quote) + self.quote

    def row(self, cells: Sequence[str]) -> str:
        return self.delimiter.join(map(self.cell, cells)) + self.line_end

    def text(self, rows: Sequence[Sequence[str]]) -> str:
        return "".join(map(self.row, rows))


PLAIN = Style()


def clean_rows(count: int = 84) -> list[Row]:
    """Sales of a shop: dates, times, numbers, codes, and texts with commas, quotes and accents."""
    generator = random.Random(SEED)
    goods = ["Mug, large", 'Screen 24" flat', "Déjà vu print", "Chair", "Desk lamp", "Plain paper", "Ink (black)"]
    notes = ["", "", "", "fragile", "gift; wrap it", "call first, then deliver", "second choice"]
    return [
        [
            f"2019-{generator.randint(1, 12):02d}-{generator.randint(1, 28):02d}",
            f"{generator.randint(0, 23):02d}:{generator.randint(0, 59):02d}",
            str(generator.randint(1, 40)),
            f"P{generator.randint(10_000, 99_999)}",
            f"{generator.uniform(1, 900):.2f}",
            generator.choice(["office", "home", "garden"]),
            generator.choice(goods),
            f"http://shop.example.com/item?id={generator.randint(1, 999)}",
            generator.choice(notes),
        ]
        for _ in range(count)
    ]


ROWS = clean_rows()
TEXT = PLAIN.text([NAMES, *ROWS])
BASE = Polluted("clean", 300, TEXT.encode(), NAMES, ROWS)


def corpus() -> Iterator[Polluted]:
    """All polluted files."""
    yield BASE
    yield from _whole_files()
    yield from _around_the_table()
    yield from _headers()
    yield from _dialects()
    yield from _encodings()
    yield from _rows()
    yield from _cells()


def _file(name: str, weight: float, text: str, header: Row = NAMES, rows: list[Row] | None = None) -> Polluted:
    return replace(
        BASE, name=name, weight=weight, content=text.encode(), header=header, rows=ROWS if rows is None else rows
    )


def _whole_files() -> Iterator[Polluted]:
    yield _file("file_no_payload", 2, "", [], [])
    yield _file("file_no_trailing_newline", 120, TEXT.rstrip())
    yield _file("file_double_trailing_newline", 20, TEXT + "\r\n")
    yield _file("file_many_trailing_newlines", 5, TEXT + "\r\n" * 20)
    yield _file("file_header_only", 4, PLAIN.row(NAMES), NAMES, [])
    yield _file("file_one_data_row", 4, PLAIN.text([NAMES, ROWS[0]]), NAMES, ROWS[:1])
    yield _file("file_leading_blank_lines", 4, "\r\n\r\n" + TEXT)
    yield _file("file_blank_lines_between", 5, TEXT.replace("\r\n", "\r\n\r\n"))
    yield _file(
        "file_single_column", 10, PLAIN.text([[row[2]] for row in [NAMES, *ROWS]]), ["Qty"], [[r[2]] for r in ROWS]
    )
    texts = [[row[5]] for row in ROWS]
    yield _file("file_single_text_column", 5, PLAIN.text([["ProductType"], *texts]), ["ProductType"], texts)
    yield _file(
        "file_two_columns", 10, PLAIN.text([r[2:4] for r in [NAMES, *ROWS]]), NAMES[2:4], [r[2:4] for r in ROWS]
    )
    padded = "".join(line + ",,,\r\n" for line in TEXT.splitlines())
    yield _file("file_trailing_delimiters", 15, padded)


def _around_the_table() -> Iterator[Polluted]:
    for count, weight in ((1, 30), (3, 15), (8, 5)):
        lines = [f"Sales report, part {place}" if place % 2 else f"Printed on day {place}" for place in range(count)]
        yield _file(f"file_preamble_{count}", weight, "".join(f"{line}\r\n" for line in lines) + TEXT)
        yield _file(f"file_preamble_{count}_blank", weight, "".join(f"{line}\r\n" for line in lines) + "\r\n" + TEXT)
        yield _file(f"file_preamble_{count}_comment", weight / 2, "".join(f"# {line}\r\n" for line in lines) + TEXT)
        yield _file(
            f"file_preamble_{count}_padded", weight / 2, "".join(f'"{line}"{"," * 8}\r\n' for line in lines) + TEXT
        )
    for count, weight in ((1, 20), (2, 8)):
        notes = "".join(f"Source: the shop's own books {place}\r\n" for place in range(count))
        yield _file(f"file_footnote_{count}", weight, TEXT + notes)
        yield _file(f"file_footnote_{count}_blank", weight, TEXT + "\r\n" + notes)
    for width, kind in ((5, "less"), (9, "same"), (12, "more")):
        other = [[f"{place * 7 + column}" for column in range(width)] for place in range(10)]
        second = PLAIN.text([[f"Other {column}" for column in range(width)], *other])
        rows = ROWS if width != 9 else [*ROWS, [f"Other {column}" for column in range(9)], *other]
        yield _file(f"file_multitable_{kind}", 2, TEXT + "\r\n" + second, NAMES, rows)
    comments = "".join(
        line + ("# checked\r\n" if place == 40 else "") for place, line in enumerate(TEXT.splitlines(True))
    )
    yield _file("file_comment_between", 3, comments)


def _headers() -> Iterator[Polluted]:
    yield _file("file_no_header", 60, PLAIN.text(ROWS), [])
    first = ["", "", "Sold", "Sold", "Sold", "Product", "Product", "Product", ""]
    joined = [f"{above} {below}".strip() for above, below in zip(first, NAMES, strict=True)]
    yield _file("file_header_multirow_2", 8, PLAIN.text([first, NAMES, *ROWS]), joined)
    units = ["day", "hour", "pieces", "code", "EUR", "kind", "text", "link", "text"]
    joined = [f"{above} {below}" for above, below in zip(NAMES, units, strict=True)]
    yield _file("file_header_units", 4, PLAIN.text([NAMES, units, *ROWS]), joined)
    for name, changed in (
        ("duplicated", [*NAMES[:3], "Qty", *NAMES[4:]]),
        ("missing_name", [*NAMES[:3], "", *NAMES[4:]]),
        ("all_alike", ["x"] * 9),
        ("spaces", [f" {name} " for name in NAMES]),
        ("quoted_newline", ["DATE\nof sale", *NAMES[1:]]),
        ("long", ["A very long name of a column, such as people write in surveys, and longer " * 3, *NAMES[1:]]),
    ):
        yield _file(f"file_header_{name}", 5, PLAIN.text([changed, *ROWS]), changed)
    yield _file("file_header_short_by_one", 4, PLAIN.text([NAMES[1:], *ROWS]), ["", *NAMES[1:]])


def _dialects() -> Iterator[Polluted]:
    weights = {
        ";": 120,
        "\t": 40,
        "|": 15,
        ", ": 6,
        "^": 2,
        "~": 2,
        " ": 4,
        "||": 2,
        "::": 1,
        "|~|": 1,
        "§": 1,
        "\x01": 1,
    }
    for delimiter, weight in weights.items():
        yield _styled(f"file_field_delimiter_{delimiter.encode().hex()}", weight, Style(delimiter))
    yield _styled("file_quote_apostrophe", 4, Style(quote="'"))
    yield _styled("file_quote_all", 60, Style(quote_all=True))
    yield _styled("file_quote_all_semicolon", 20, Style(";", quote_all=True))
    yield _styled("file_quote_all_apostrophe_tab", 1, Style("\t", quote="'", quote_all=True))
    yield _styled("file_escape_backslash", 8, Style(escape="\\"))
    yield _styled("file_escape_backslash_semicolon", 3, Style(";", escape="\\", quote_all=True))
    yield _styled("file_record_delimiter_lf", 150, Style(line_end="\n"))
    yield _styled("file_record_delimiter_cr", 3, Style(line_end="\r"))
    mixed = "".join(line + ("\n" if place % 3 else "\r\n") for place, line in enumerate(TEXT.split("\r\n")[:-1]))
    yield _file("file_record_delimiter_mixed", 6, mixed)
    yield _styled("file_delimiter_semicolon_lf", 20, Style(";", line_end="\n"))


def _styled(name: str, weight: float, style: Style) -> Polluted:
    rows = (
        ROWS
        if style.quote != "'"
        else [[cell.replace("Mug, large", "Joe's mug, large") for cell in row] for row in ROWS]
    )
    return _file(name, weight, style.text([NAMES, *rows]), NAMES, rows)


SPEECH = {
    "cp1252": ("Größe", "Übung für Mädchen"), "iso8859_2": ("Žluťoučký", "kůň úpěl ďábelské ódy"),
    "cp1251": ("Привет", "съешь ещё этих мягких булок"), "koi8_r": ("Привет", "съешь ещё этих мягких булок"),
    "gb18030": ("产品说明", "这是一个很好的产品"), "big5": ("產品說明", "這是一個很好的產品"),
    "shift_jis": ("商品説明", "これはとても良い商品です"), "euc_jp": ("商品説明", "これはとても良い商品です"),
    "euc_kr": ("상품 설명", "이것은 매우 좋은 상품입니다"), "cp1253": ("Προϊόν", "αυτό είναι πολύ καλό"),
}  # fmt: skip


def _encodings() -> Iterator[Polluted]:
    for encoding, weight in (("utf-8-sig", 80), ("utf-16", 8), ("utf-16-le", 2), ("utf-16-be", 2), ("utf-32", 1)):
        yield replace(BASE, name=f"file_encoding_{encoding}", weight=weight, content=TEXT.encode(encoding))
    for encoding, (name, words) in SPEECH.items():
        header = [*NAMES[:6], name, *NAMES[7:]]
        rows = [[*row[:6], words, *row[7:]] for row in ROWS]
        content = PLAIN.text([header, *rows]).encode(encoding)
        weight = 80 if encoding == "cp1252" else 3
        yield replace(BASE, name=f"file_encoding_{encoding}", weight=weight, content=content, header=header, rows=rows)
    broken = bytearray(TEXT.encode())
    broken[broken.index("é".encode()) : broken.index("é".encode()) + 2] = b"\xe9"
    yield replace(BASE, name="file_encoding_mixed", weight=6, content=bytes(broken))


def _rows() -> Iterator[Polluted]:
    for place in (0, 1, 20, 41, 62, 83):
        for column in (0, 3, 8):
            row, cells = ROWS[place], PLAIN.row(ROWS[place])
            line_parts = [PLAIN.cell(cell) for cell in row]
            at = f"row{place}_col{column}"
            more = ",".join([*line_parts[:column], "", *line_parts[column:]]) + "\r\n"
            yield _with_row(f"row_more_sep_{at}", 0.3, place, more, [*row[:column], "", *row[column:]])
            if column < 8:
                parts = [*line_parts[:column], "".join(line_parts[column : column + 2]), *line_parts[column + 2 :]]
                merged = [*row[:column], row[column] + row[column + 1], *row[column + 2 :]]
                yield _with_row(f"row_less_sep_{at}", 0.5, place, ",".join(parts) + "\r\n", merged)
            quoted = (
                ",".join([*line_parts[:column], '"' + row[column].replace(",", ""), *line_parts[column + 1 :]]) + "\r\n"
            )
            plain = [*row[:column], '"' + row[column].replace(",", ""), *row[column + 1 :]]
            yield _with_row(f"row_extra_quote_{at}", 0.5, place, quoted, plain)
            inside = row[column][:2] + '"' + row[column][2:].replace(",", "")
            within = ",".join([*line_parts[:column], inside, *line_parts[column + 1 :]]) + "\r\n"
            yield _with_row(f"row_quote_inside_{at}", 0.8, place, within, [*row[:column], inside, *row[column + 1 :]])
        row, cells = ROWS[place], PLAIN.row(ROWS[place])
        for delimiter in (";", "\t", " ", "|"):
            line = Style(delimiter).row(row)
            yield _with_row(f"row_field_delimiter_{place}_{delimiter.encode().hex()}", 0.3, place, line, row)
        yield _with_row(f"row_quotation_{place}", 0.3, place, Style(quote="'", quote_all=True).row(row), row)
        yield _with_row(f"row_blank_before_{place}", 0.8, place, "\r\n" + cells, row)
        yield _with_row(f"row_short_{place}", 1.5, place, ",".join(line_parts[:5]) + "\r\n", row[:5])
        yield _with_row(f"row_trailing_separators_{place}", 1.5, place, cells.rstrip() + ",,\r\n", row)


def _with_row(name: str, weight: float, place: int, line: str, row: Row) -> Polluted:
    lines = [PLAIN.row(cells) for cells in [NAMES, *ROWS]]
    lines[place + 1] = line
    return _file(name, weight, "".join(lines), NAMES, [*ROWS[:place], row, *ROWS[place + 1 :]])


def _cells() -> Iterator[Polluted]:
    def changed(column: int, change: object, style: Style = PLAIN) -> tuple[str, list[Row]]:
        rows = [[*row[:column], change(row[column]), *row[column + 1 :]] for row in ROWS]  # type: ignore[operator]
        return style.text([NAMES, *rows]), rows

    text, rows = changed(4, lambda cell: cell.replace(".", ","), Style(";"))
    yield replace(_file("cell_decimal_comma", 30, text, NAMES, rows), decimal=",")
    text, rows = changed(4, lambda cell: f"{float(cell) * 1000:,.2f}")
    yield _file("cell_thousands_comma", 8, text, NAMES, rows)
    text, rows = changed(4, lambda cell: f"{float(cell) * 1000:,.2f}".translate({44: 46, 46: 44}), Style(";"))
    yield replace(_file("cell_thousands_point", 8, text, NAMES, rows), decimal=",")
    for name, column, change in (
        ("quote", 6, lambda cell: f'{cell} called "best"'),
        ("newline", 6, lambda cell: f"{cell}\nsecond line"),
        ("delimiter", 8, lambda cell: f"{cell}, and more"),
        ("leading_zeros", 3, lambda cell: f"00{cell[1:]}"),
        ("leading_spaces", 5, lambda cell: f"  {cell}"),
        ("long", 8, lambda cell: cell + "x" * 3_000),
        ("null_tokens", 2, lambda cell: "NA" if int(cell) % 5 == 0 else cell),
        ("big_numbers", 2, lambda cell: f"{cell}00000000000000000001"),
        ("dates_day_first", 0, lambda cell: f"{cell[8:]}/{cell[5:7]}/{cell[:4]}"),
        ("empty_column", 8, lambda _: ""),
        ("booleans", 5, lambda cell: str(cell == "home")),
    ):
        text, rows = changed(column, change)
        yield _file(f"cell_{name}", 10, text, NAMES, rows)


def reread(text: str) -> list[Row]:
    """The rows of a plainly written text, to check the corpus itself."""
    return list(csv.reader(io.StringIO(text, newline="")))
