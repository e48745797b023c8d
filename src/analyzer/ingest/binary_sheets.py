"""How far the cells of binary workbooks (xls, xlsb) lie apart, read from their records before the parser believes them.

The parser keeps a place for every cell between the first and the last one, so a single damaged number could ask for all
memory there is. See [MS-CFB], [MS-XLS] and [MS-XLSB].
"""

import struct
from collections.abc import Iterable, Iterator
from typing import BinaryIO

FREE_SECTORS = 0xFFFFFFFA  # and above it: no sector, but the end of a chain or something unused
IN_HEADER = 109
ENTRY_BYTES = 128
WORKBOOKS = tuple(name.encode("utf-16-le") for name in ("Workbook\0", "Book\0"))
MINI_BYTES = 4096
"""Streams below this size lie in a stream of their own, in small sectors."""

BEGIN, XLS_CELLS = 0x0809, frozenset((0x0006, 0x00BD, 0x00D6, 0x00FD, 0x0203, 0x0204, 0x0205, 0x027E))
ROW, XLSB_CELLS = 0x00, frozenset(range(0x01, 0x0C))
PASSWORD = 0x002F
SHEET, END, VALUE_OR_ERROR, FORMULA = 0x0085, 0x000A, 0x0205, 0x0006
FORMULA_ERROR, ERROR_RESULT = b"\xff\xff", 2
XLSB_ERRORS, XLSB_SHEET = frozenset((0x03, 0x0B)), 0x9C
Record = tuple[int, bytes]


class Span:
    """The area that cells take together."""

    def __init__(self) -> None:
        self._top = self._left = 2**32
        self._bottom = self._right = -1

    def add(self, row: int, column: int) -> None:
        self._top, self._bottom = min(self._top, row), max(self._bottom, row)
        self._left, self._right = min(self._left, column), max(self._right, column)

    @property
    def cells(self) -> int:
        return max(0, self._bottom - self._top + 1) * max(0, self._right - self._left + 1)


def xls_cells(stream: BinaryIO) -> int:
    """How many cells the largest sheet of an xls file spans; 0 where the file is too damaged to tell.

    Raises ValueError where a chain of sectors has no end, which the parser would follow for ever.
    """
    try:
        return _largest(_records(_Compound(stream).workbook()))
    except (struct.error, IndexError):
        return 0


def xls_is_encrypted(stream: BinaryIO) -> bool:
    """Whether a password protects the cells of an xls file; False where the file is too damaged to tell.

    Raises ValueError as `xls_cells` does.
    """
    try:
        for kind, _ in _records(_Compound(stream).workbook()):
            if kind in (PASSWORD, END):
                return kind == PASSWORD
    except (struct.error, IndexError):
        pass
    return False


def xlsb_cells(content: bytes) -> int:
    """How many cells a sheet of an xlsb file spans, which is a member of that archive."""
    span, row = Span(), 0
    for kind, record in _binary_records(content):
        if kind == ROW and len(record) >= 4:
            row = int.from_bytes(record[:4], "little")
        elif kind in XLSB_CELLS and len(record) >= 4:
            span.add(row, int.from_bytes(record[:4], "little"))
    return span.cells


def xls_errors(stream: BinaryIO, sheet: str) -> list[tuple[int, int]]:
    """The cells of an xls file's sheet that hold errors, by row and column from 0; none where it cannot be told."""
    try:
        content = _Compound(stream).workbook()
        start = next(_start(record) for kind, record in _records(content) if kind == SHEET and _named(record) == sheet)
        return list(_errors_from(content[start:]))
    except (struct.error, IndexError, ValueError, StopIteration):
        return []


def _start(sheet: bytes) -> int:
    return int(struct.unpack_from("<I", sheet)[0])


def _named(sheet: bytes) -> str:
    return sheet[8:].decode("utf-16-le") if sheet[7] & 1 else sheet[8:].decode("latin-1")


def _errors_from(content: bytes) -> Iterator[tuple[int, int]]:
    """The errors of the sheet that begins here; charts in it begin and end within."""
    depth = 0
    for kind, record in _records(content):
        depth += (kind == BEGIN) - (kind == END)
        if not depth:
            return
        value = kind == VALUE_OR_ERROR and len(record) >= 8 and record[7]
        if value or (kind == FORMULA and record[12:14] == FORMULA_ERROR and record[6] == ERROR_RESULT):
            yield struct.unpack_from("<HH", record)


def xlsb_errors(content: bytes) -> list[tuple[int, int]]:
    """The cells of an xlsb file's sheet that hold errors, by row and column from 0."""
    found, row = [], 0
    for kind, record in _binary_records(content):
        if kind == ROW and len(record) >= 4:
            row = int.from_bytes(record[:4], "little")
        elif kind in XLSB_ERRORS and len(record) >= 4:
            found.append((row, int.from_bytes(record[:4], "little")))
    return found


def xlsb_sheets(content: bytes) -> dict[str, str]:
    """The names of the sheets that workbook.bin lists, and by which relation each is found."""
    sheets = {}
    for kind, record in _binary_records(content):
        if kind == XLSB_SHEET:
            relation, place = _wide(record, 8)
            name, _ = _wide(record, place)
            sheets[name] = relation
    return sheets


def _wide(record: bytes, place: int) -> tuple[str, int]:
    """A text with its length in front, and where it ends."""
    end = place + 4 + 2 * int.from_bytes(record[place : place + 4], "little")
    return record[place + 4 : end].decode("utf-16-le", "replace"), end


def _largest(records: Iterable[Record]) -> int:
    largest, span = 0, Span()
    for kind, record in records:
        if kind == BEGIN:
            largest, span = max(largest, span.cells), Span()
        elif kind in XLS_CELLS and len(record) >= 4:
            span.add(*struct.unpack_from("<HH", record))
    return max(largest, span.cells)


def _records(content: bytes) -> Iterator[Record]:
    place = 0
    while place + 4 <= len(content):
        kind, length = struct.unpack_from("<HH", content, place)
        yield kind, content[place + 4 : place + 4 + length]
        place += 4 + length


def _binary_records(content: bytes) -> Iterator[Record]:
    """Kinds take one byte or two, lengths up to four, each byte with seven bits and a sign that another follows."""
    place = 0
    while place + 2 <= len(content):
        kind, place = _number(content, place, 2)
        length, place = _number(content, place, 4)
        yield kind, content[place : place + length]
        place += length


def _number(content: bytes, place: int, most: int) -> tuple[int, int]:
    number = shift = 0
    while most and place < len(content):
        byte = content[place]
        number |= (byte & 0x7F) << shift
        shift, place, most = shift + 7, place + 1, most - 1 if byte & 0x80 else 0
    return number, place


class _Compound:
    """A compound document: sectors that are chained to streams by a table."""

    def __init__(self, stream: BinaryIO) -> None:
        stream.seek(0)
        self._content = stream.read()
        self._size = 1 << min(16, struct.unpack_from("<H", self._content, 30)[0])
        table = [*struct.unpack_from(f"<{IN_HEADER}I", self._content, 76)]
        (more,) = struct.unpack_from("<I", self._content, 68)
        for _ in range(len(self._content) // self._size):
            if more >= FREE_SECTORS:
                break
            *sectors, more = self._numbers(self._sector(more)) or (FREE_SECTORS,)
            table += sectors
        else:
            raise ValueError("its table of sectors has no end")
        self._next = self._numbers(b"".join(self._sector(place) for place in table if place < FREE_SECTORS))
        _refuse_circles(self._next)
        (small,) = struct.unpack_from("<I", self._content, 60)
        _refuse_circles(self._numbers(self._chained(small)))

    def workbook(self) -> bytes:
        """The stream with the records of all sheets. Raises IndexError where there is none."""
        (start,) = struct.unpack_from("<I", self._content, 48)
        directory = self._chained(start)
        entries = [directory[place : place + ENTRY_BYTES] for place in range(0, len(directory), ENTRY_BYTES)]
        entry = [entry for entry in entries if entry.startswith(WORKBOOKS)][0]  # noqa: RUF015 - IndexError is promised
        start, size = struct.unpack_from("<II", entry, 116)
        if size >= MINI_BYTES:
            return self._chained(start)[:size]
        return self._chained(struct.unpack_from("<I", entries[0], 116)[0])  # small: somewhere in here, seldom elsewhere

    def _chained(self, sector: int) -> bytes:
        pieces: list[bytes] = []
        while sector < len(self._next):
            pieces.append(self._sector(sector))
            sector = self._next[sector]
        return b"".join(pieces)

    def _sector(self, place: int) -> bytes:
        return self._content[(place + 1) * self._size : (place + 2) * self._size]

    @staticmethod
    def _numbers(content: bytes) -> tuple[int, ...]:
        return struct.unpack(f"<{len(content) // 4}I", content[: len(content) // 4 * 4])


def _refuse_circles(following: tuple[int, ...]) -> None:
    """Raise ValueError where a chain comes back to a sector it has passed."""
    chain_of = [0] * len(following)
    for chain, start in enumerate(range(len(following)), 1):
        place = start
        while place < len(following) and not chain_of[place]:
            chain_of[place] = chain
            place = following[place]
        if place < len(following) and chain_of[place] == chain:
            raise ValueError(f"the chain of its sector {place} has no end")
