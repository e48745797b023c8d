"""What a column is, in words: its meaning, the format of its values, its range and some examples."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from analyzer.analyses.figures import categories, columns
from analyzer.analyses.figures.dates import Clock, ticks
from analyzer.analyses.figures.wire import shortened
from analyzer.analyses.findings import texts
from analyzer.analyses.findings.blanks import ANY_OF, spaced
from analyzer.analyses.findings.look import as_mask
from analyzer.analyses.notes import Reason, undefined

Array = npt.NDArray[Any]

MAX_EXAMPLES = 5
LOOKED_AT = 10_000
ALIKE = 0.95

FORMATS = {
    "url": spaced(rf"(?i)^(https?|ftp)://[^{ANY_OF}/]+\S*$"),
    "email": rf"^[^@{ANY_OF}]+@[^@{ANY_OF}]+\.[^@{ANY_OF}.]+$",
    "uuid": r"(?i)^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$",
    "ip": r"^(\d{1,3}\.){3}\d{1,3}$|(?i)^([0-9a-f]{0,4}:){2,7}[0-9a-f]{0,4}$",
    "date": texts.DATE,
    "number": texts.NUMBER,
    "phone": rf"^\+?[\d{ANY_OF}()./-]{{7,20}}$",
}
"""What texts may look like; the first that fits counts."""

EQUALLY = ("name", "kind", "type", "missing")


def describe(column: pa.ChunkedArray, known: Mapping[str, Any]) -> dict[str, Any]:
    """What `eda_schema` says of a column, given its figures: all but what only reading knows."""
    column = columns.plain(column)
    low, high = _ends(column, known)
    found = {name: known[name] for name in EQUALLY} | {
        "meaning": _meaning(column, known),
        "nullable": known["missing"] > 0,
        "distinct": known.get("distinct", 0 if known["kind"] == "empty" else None),
        "min": low,
        "max": high,
        "format": _format(column, known),
        "examples": _examples(column, known),
    }
    gaps = [name for name in ("distinct", "min", "max", "format") if found[name] is None]
    return found | {
        "notes": {name: known["notes"].get(name) or undefined(_reason(name, column, known)) for name in gaps}
    }


def _reason(figure: str, column: pa.ChunkedArray, known: Mapping[str, Any]) -> Reason:
    """Why a figure is null that the column's figures say nothing about."""
    if known["kind"] == "empty":
        return "no-values"
    return "nothing-common" if figure == "format" and _is_text(column, known) else "unsupported"


def _is_text(column: pa.ChunkedArray, known: Mapping[str, Any]) -> bool:
    return known["kind"] in ("categorical", "text") and not categories.is_binary(column.type)


def _ends(column: pa.ChunkedArray, known: Mapping[str, Any]) -> tuple[Any, Any]:
    if _is_text(column, known):
        low, high = pc.min_max(column).as_py().values()
        return shortened(low), shortened(high)
    return known.get("min"), known.get("max")


def _meaning(column: pa.ChunkedArray, known: Mapping[str, Any]) -> str:
    kind, whole = known["kind"], pa.types.is_integer(column.type)
    if kind in ("empty", "unsupported"):
        return "nothing" if kind == "empty" else "other"
    if known["distinct"] == 1:
        return "constant"
    if kind == "boolean" or (whole and known["distinct"] == 2 and (known["min"], known["max"]) == (0, 1)):
        return "flag"
    if known["distinct"] == len(column) and (whole or kind != "numeric"):
        return "identifier"
    if kind == "numeric":
        return "count" if whole and not known["negatives"] else "measure"
    if kind == "datetime":
        return "date" if pa.types.is_date(column.type) else "time" if pa.types.is_time(column.type) else "moment"
    return "category" if kind == "categorical" else "text"


def _format(column: pa.ChunkedArray, known: Mapping[str, Any]) -> str | None:
    if known["kind"] == "datetime":
        return str(known["resolution"])
    if not _is_text(column, known):
        return None
    values = _first_distinct(column, LOOKED_AT, known["distinct"])
    for name, pattern in FORMATS.items():
        if int(np.count_nonzero(as_mask(pc.match_substring_regex(values, pattern)))) >= ALIKE * len(values):
            return name
    return None


def _examples(column: pa.ChunkedArray, known: Mapping[str, Any]) -> list[str]:
    if known["kind"] in ("empty", "unsupported"):
        return []
    first = _first_distinct(column, 2 * MAX_EXAMPLES, known["distinct"])
    if known["kind"] == "datetime":
        return [Clock(column.type).text(tick) for tick in ticks(pa.chunked_array([first[:MAX_EXAMPLES]])).tolist()]
    found = dict.fromkeys(map(_shown, first.to_pylist()))
    return [text for text in found if text is not None][:MAX_EXAMPLES]


def _shown(value: Any) -> str | None:
    if isinstance(value, bytes):
        return shortened("0x" + value[:256].hex())
    if value is None or value != value:
        return None
    return shortened(str(value))


def _first_distinct(column: pa.ChunkedArray, most: int, distinct: int) -> pa.Array:
    """The first distinct values that are present, of so many, found in as short a part of the column as will do."""
    enough = most if pa.types.is_floating(column.type) else min(most, distinct)  # Arrow tells NaN and -0 apart as well
    for rows in (10 * most, 100 * most, len(column)):
        values = pc.unique(column.slice(0, rows).drop_null())
        if len(values) >= enough:
            break
    return values[:most]
