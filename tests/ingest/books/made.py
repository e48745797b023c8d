"""Makes the workbooks of this folder, with the libraries that people's programs use. They lie beside it, made.

    python -m venv /tmp/books && /tmp/books/bin/pip install openpyxl xlwt odfpy msoffcrypto-tool
    /tmp/books/bin/python tests/ingest/books/made.py

No library writes xlsb; that one is put together record by record, as [MS-XLSB] describes them.
"""

import io
import struct
import zipfile
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
NAMES = ["city", "visits", "share", "day", "at", "open"]
ROWS: list[list[Any]] = [
    ["Łódź", 3, 0.25, date(2020, 2, 29), datetime.fromisoformat("2020-02-29T13:45:30"), True],
    ["=2+3 as text", 9007199254740991, -1.5, date(1904, 1, 2), datetime.fromisoformat("1999-12-31T23:59:59"), False],
    [None, None, 1e-7, date(2099, 12, 31), None, None],
]
PASSWORD = "no secret"


def xlsx(epoch_1904: bool) -> bytes:
    """Dates, a merged title above the table, formulas with and without a stored value, and errors."""
    import openpyxl  # type: ignore[import-not-found, import-untyped, unused-ignore]
    from openpyxl.utils.datetime import CALENDAR_MAC_1904  # type: ignore[import-not-found, import-untyped, unused-ignore]

    book = openpyxl.Workbook()
    if epoch_1904:
        book.epoch = CALENDAR_MAC_1904
    sheet = book.active
    sheet.title = "Visits"
    sheet.append(["Visits of all cities"])
    sheet.merge_cells("A1:F1")
    for row in [NAMES, *ROWS]:
        sheet.append(row)
    sheet["A4"].data_type = "s"
    errors = book.create_sheet("Errors")
    for row in (
        ["n", "quotient", "found", "pair"],
        [1, "#DIV/0!", "#N/A", "x"],
        [2, 0.5, "#REF!", None],
        [3, 4, 5, "y"],
    ):
        errors.append(row)
    errors.merge_cells("D2:D3")
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def xls() -> bytes:
    """The binary format of Excel 97."""
    import xlwt  # type: ignore[import-not-found, import-untyped, unused-ignore]

    book = xlwt.Workbook(encoding="utf-8")
    sheet = book.add_sheet("Visits")
    styles = {date: "yyyy-mm-dd", datetime: "yyyy-mm-dd hh:mm:ss", time: "hh:mm:ss"}
    for y, row in enumerate([NAMES, *ROWS]):
        for x, cell in enumerate(row):
            if cell is not None:
                sheet.write(y, x, cell, xlwt.easyxf(num_format_str=styles.get(type(cell), "General")))
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def ods() -> bytes:
    """What LibreOffice writes; rows and cells that repeat are written once."""
    from odf import opendocument, table, text  # type: ignore[import-not-found, import-untyped, unused-ignore]

    book = opendocument.OpenDocumentSpreadsheet()
    sheet = table.Table(name="Visits")
    for row in [NAMES, *ROWS]:
        line = table.TableRow()
        for cell in row:
            line.addElement(_open_cell(table, text, cell))
        sheet.addElement(line)
    book.spreadsheet.addElement(sheet)
    file = io.BytesIO()
    book.write(file)
    return file.getvalue()


def _open_cell(table: Any, text: Any, cell: Any) -> Any:
    match cell:
        case None:
            return table.TableCell()
        case bool():
            return table.TableCell(valuetype="boolean", booleanvalue=str(cell).lower())
        case int() | float():
            return table.TableCell(valuetype="float", value=repr(cell))
        case date():
            return table.TableCell(valuetype="date", datevalue=cell.isoformat())
    made = table.TableCell(valuetype="string")
    made.addElement(text.P(text=cell))
    return made


def encrypted(plain: bytes) -> bytes:
    """The same with a password, as Excel keeps it."""
    from msoffcrypto.format import ooxml  # type: ignore[import-not-found, import-untyped, unused-ignore]

    file = io.BytesIO()
    ooxml.OOXMLFile(io.BytesIO(plain)).encrypt(PASSWORD, file)
    return file.getvalue()


def xlsb() -> bytes:
    """Numbers and texts in the binary format of Excel 2007."""
    rels = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    sheet = _record(0x94, struct.pack("<4I", 0, len(ROWS), 0, 2)) + _record(0x91)
    for y, row in enumerate([NAMES[:3], *(row[:3] for row in ROWS)]):
        sheet += _record(0x00, struct.pack("<IIHBBBI", y, 0, 300, 0, 0, 0, 0))
        for x, cell in enumerate(row):
            place = struct.pack("<II", x, 0)
            if isinstance(cell, str):
                sheet += _record(0x06, place + _wide(cell))
            elif cell is not None:
                sheet += _record(0x05, place + struct.pack("<d", cell))
    bundle = _record(0x9C, struct.pack("<II", 0, 1) + _wide("rId1") + _wide("Visits"))
    members: dict[str, str | bytes] = {
        "[Content_Types].xml": '<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
        '<Default Extension="bin" ContentType="application/vnd.ms-excel.sheet.binary.macroEnabled.main"/></Types>',
        "xl/workbook.bin": _record(0x83)
        + _record(0x99, bytes(8))
        + _record(0x8F)
        + bundle
        + _record(0x90)
        + _record(0x84),
        "xl/_rels/workbook.bin.rels": '<?xml version="1.0"?><Relationships '
        'xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        f'<Relationship Id="rId1" Type="{rels}/worksheet" Target="worksheets/sheet1.bin"/></Relationships>',
        "xl/worksheets/sheet1.bin": _record(0x81) + sheet + _record(0x92) + _record(0x82),
    }
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return file.getvalue()


def _record(kind: int, content: bytes = b"") -> bytes:
    """A record: its kind and its length in seven bits a byte, then its bytes."""
    head = bytes([kind & 0x7F | 0x80, kind >> 7]) if kind > 0x7F else bytes([kind])
    return head + bytes([len(content)]) + content


def _wide(text: str) -> bytes:
    return struct.pack("<I", len(text)) + text.encode("utf-16-le")


def main() -> None:
    books = {
        "1900.xlsx": xlsx(epoch_1904=False),
        "1904.xlsx": xlsx(epoch_1904=True),
        "97.xls": xls(),
        "open.ods": ods(),
    }
    books |= {"binary.xlsb": xlsb(), "password.xlsx": encrypted(books["1900.xlsx"])}
    for name, content in books.items():
        (HERE / name).write_bytes(content)


if __name__ == "__main__":
    main()
