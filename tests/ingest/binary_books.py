"""Workbooks in the formats before and beside XML, put together record by record.

See [MS-XLS], [MS-CFB] and [MS-XLSB].
"""

import io
import struct
import zipfile
from collections.abc import Iterator, Sequence
from typing import Any

ERROR = object()  # a cell that holds an error
FAILED = object()  # a formula whose result is one
DIVISION = 0x07
END, FAT, FREE = 0xFFFFFFFE, 0xFFFFFFFD, 0xFFFFFFFF
SECTOR = 512
REL = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


def _cells(rows: Sequence[Sequence[Any]]) -> Iterator[tuple[int, int, Any]]:
    return ((y, x, cell) for y, row in enumerate(rows) for x, cell in enumerate(row))


def xls(rows: Sequence[Sequence[Any]], password: bytes = b"") -> bytes:
    """One sheet of texts, numbers and errors in the format of Excel 97; `password` is the record of one."""
    protection = _old(0x2F, password) if password else b""
    start = len(_old(0x0809, bytes(16)) + protection + _sheet_at(0) + _old(0x0A))
    book = _old(0x0809, struct.pack("<4H2I", 0x0600, 0x0005, 0, 0, 0, 6)) + protection
    book += _sheet_at(start) + _old(0x0A)
    book += _old(0x0809, struct.pack("<4H2I", 0x0600, 0x0010, 0, 0, 0, 6))
    book += b"".join(_old_cell(*place) for place in _cells(rows)) + _old(0x0A)
    return _compound(book)


def _sheet_at(start: int) -> bytes:
    return _old(0x85, struct.pack("<IBBBB", start, 0, 0, 3, 0) + b"One")


def _old(kind: int, content: bytes = b"") -> bytes:
    return struct.pack("<HH", kind, len(content)) + content


def _old_cell(row: int, column: int, cell: Any) -> bytes:
    place = struct.pack("<HHH", row, column, 0)
    if cell is ERROR:
        return _old(0x0205, place + bytes([DIVISION, 1]))
    if cell is FAILED:
        result = bytes([2, 0, DIVISION, 0, 0, 0, 0xFF, 0xFF])
        return _old(0x0006, place + result + struct.pack("<HIH", 0, 0, 2) + bytes([0x1C, DIVISION]))
    if isinstance(cell, str):
        return _old(0x0204, place + struct.pack("<HB", len(cell), 0) + cell.encode("latin-1"))
    return _old(0x0203, place + struct.pack("<d", cell))


def _compound(stream: bytes) -> bytes:
    """A compound document with the one stream `Workbook`, too large to be a small one."""
    stream += bytes(-len(stream) % SECTOR)
    stream += bytes(max(0, 4096 - len(stream)))
    count = len(stream) // SECTOR
    table = [FAT, END, *range(3, 2 + count), END]
    head = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16) + struct.pack("<5H6x", 0x3E, 3, 0xFFFE, 9, 6)
    head += struct.pack("<9I", 0, 1, 1, 0, 4096, END, 0, END, 0)
    head += struct.pack("<109I", 0, *[FREE] * 108)
    entries = _entry("Root Entry", 5, 1, END, 0) + _entry("Workbook", 2, FREE, 2, len(stream)) + bytes(256)
    return head + struct.pack(f"<{SECTOR // 4}I", *table, *[FREE] * (SECTOR // 4 - len(table))) + entries + stream


def _entry(name: str, kind: int, child: int, start: int, size: int) -> bytes:
    text = (name + "\0").encode("utf-16-le")
    links = struct.pack("<HBB3I", len(text), kind, 1, FREE, FREE, child)
    return text.ljust(64, b"\0") + links + bytes(36) + struct.pack("<IQ", start, size)


def xlsb(rows: Sequence[Sequence[Any]]) -> bytes:
    """One sheet of texts, numbers and errors in the binary format of Excel 2007."""
    sheet = _new(0x94, struct.pack("<4I", 0, len(rows) - 1, 0, len(rows[0]) - 1)) + _new(0x91)
    for y, row in enumerate(rows):
        sheet += _new(0x00, struct.pack("<IIHBBBI", y, 0, 300, 0, 0, 0, 0))
        sheet += b"".join(_new_cell(x, cell) for x, cell in enumerate(row))
    bundle = _new(0x9C, struct.pack("<II", 0, 1) + _wide("rId1") + _wide("One"))
    members: dict[str, str | bytes] = {
        "[Content_Types].xml": '<?xml version="1.0"?>'
        '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="bin" '
        'ContentType="application/vnd.ms-excel.sheet.binary.macroEnabled.main"/></Types>',
        "xl/workbook.bin": _new(0x83) + _new(0x99, bytes(8)) + _new(0x8F) + bundle + _new(0x90) + _new(0x84),
        "xl/_rels/workbook.bin.rels": '<?xml version="1.0"?><Relationships '
        'xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        f'<Relationship Id="rId1" Type="{REL}/worksheet" Target="worksheets/sheet1.bin"/></Relationships>',
        "xl/worksheets/sheet1.bin": _new(0x81) + sheet + _new(0x92) + _new(0x82),
    }
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return file.getvalue()


def _new_cell(column: int, cell: Any) -> bytes:
    place = struct.pack("<II", column, 0)
    if cell is ERROR:
        return _new(0x03, place + bytes([DIVISION]))
    if cell is FAILED:
        return _new(0x0B, place + bytes([DIVISION]) + struct.pack("<HI", 0, 2) + bytes([0x1C, DIVISION]) + bytes(4))
    if isinstance(cell, str):
        return _new(0x06, place + _wide(cell))
    return _new(0x05, place + struct.pack("<d", cell))


def _new(kind: int, content: bytes = b"") -> bytes:
    """A record: its kind and its length in seven bits a byte, then its bytes."""
    head = bytes([kind & 0x7F | 0x80, kind >> 7]) if kind > 0x7F else bytes([kind])
    return head + bytes([len(content)]) + content


def _wide(text: str) -> bytes:
    return struct.pack("<I", len(text)) + text.encode("utf-16-le")
