"""HTML from Python: elements whose text is escaped, and figures as people read them."""

import math
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

MOST_TEXT = 200
MOST_ITEMS = 30
MOST_BESIDE = 60  # characters of a figure that stands beside others
GROUPED_FROM = 10_000  # below, groups of digits help nobody, and a year looks wrong with them

Note = Mapping[str, Any]


def text(value: Any) -> str:
    """Any value as text that HTML takes for nothing else; characters that would hide or reverse others are shown."""
    shown = str(value)
    shown = shown if len(shown) <= MOST_TEXT else shown[: MOST_TEXT - 1] + "…"
    return escape("".join(one if one.isprintable() else repr(one)[1:-1] for one in shown))


def element(name: str, inside: str, **attributes: str) -> str:
    """`inside` is markup; attributes are escaped here. `class_` is written `class`, `aria_label` `aria-label`."""
    written = "".join(f' {key.rstrip("_").replace("_", "-")}="{escape(value)}"' for key, value in attributes.items())
    return f"<{name}{written}>{inside}</{name}>"


def label(name: str) -> str:
    """A figure's name as words."""
    return text(name.replace("_", " "))


def figure(value: Any, note: Note | None = None) -> str:
    """A value of JSON as markup, with what its note says of how exact it is."""
    said = _said(value)
    if note is None:
        return said
    match note.get("kind"):
        case "undefined":
            return f'–<small class="note">{text(str(note.get("reason", "")).replace("-", " "))}</small>'
        case "estimate":
            return f'≈ {said}<small class="note">± {_number(float(note.get("bound", 0)))}</small>'
        case "sample":
            return f'{said}<small class="note">of a sample of {_said(note.get("n"))}</small>'
    return said


def _said(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return _number(value)
    if isinstance(value, list) and not any(isinstance(item, dict | list) for item in value):
        more = f" … ({len(value):,} in all)" if len(value) > MOST_ITEMS else ""
        return ", ".join(_said(item) for item in value[:MOST_ITEMS]) + more if value else "–"
    return text(value)


def _number(value: float) -> str:
    """Six significant digits; whole numbers grouped."""
    if isinstance(value, int) or (value.is_integer() and abs(value) < 1e15):
        return _grouped(int(value), 0)
    if not math.isfinite(value):
        return text(value)
    if 1e-4 <= abs(value) < 1e9:
        decimals = max(0, 5 - math.floor(math.log10(abs(value))))
        written = _grouped(value, decimals)
        return written.rstrip("0").rstrip(".") if decimals else written
    return f"{value:.4g}"


def _grouped(value: float, decimals: int) -> str:
    return f"{value:,.{decimals}f}" if abs(value) >= GROUPED_FROM else f"{value:.{decimals}f}"


def percent(share: float) -> str:
    """A share for people: nothing that is there looks like nothing, and only all of it looks like all."""
    if share in (0, 1):
        return f"{share * 100:.0f} %"
    if 0 < share < 0.001:
        return "< 0.1 %"
    return f"{min(math.floor(share * 1000) / 10, 99.9):g} %"


def table(headers: Sequence[str], rows: Iterable[Sequence[str]], **attributes: str) -> str:
    """Headers and cells are markup."""
    head = element("tr", "".join(element("th", header, scope="col") for header in headers))
    body = "".join(element("tr", "".join(f"<td>{cell}</td>" for cell in row)) for row in rows)
    made = element("table", f"<thead>{head}</thead><tbody>{body}</tbody>", **attributes)
    return element("div", made, class_="scroll")


def facts(pairs: Iterable[tuple[str, str]]) -> str:
    """Names and figures side by side, a long one across the page; both are markup."""
    inside = "".join(
        f"<div{' class=long' if len(value) > MOST_BESIDE else ''}><dt>{name}</dt><dd>{value}</dd></div>"
        for name, value in pairs
    )
    return element("dl", inside, class_="facts")


def folded(summary: str, inside: str, *, is_open: bool = False, **attributes: str) -> str:
    """What opens on a click, without a script."""
    written = "".join(f' {key.rstrip("_").replace("_", "-")}="{escape(value)}"' for key, value in attributes.items())
    return f"<details{written}{' open' if is_open else ''}><summary>{summary}</summary>{inside}</details>"
