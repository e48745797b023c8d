"""The data quality of a table: scores as bars, and issues folded to a line for each code."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.cells import cell_len
from rich.text import Text

from analyzer.terminal.figures import figure, score
from analyzer.terminal.pictures import bar
from analyzer.terminal.plain import cut, listed, plain
from analyzer.terminal.screen import GAP, NARROW, console, say, show, table, widest, width

BAR_CELLS = 16
MAX_LINES = 30
MARKS = {"error": "✗", "warning": "!", "info": "·"}
STYLES = {"error": "bold red", "warning": "yellow", "info": "cyan"}
PLACES_SHARE = 0.45  # of what is left beside the codes

Issue = Mapping[str, Any]


def show_dimensions(dimensions: Sequence[Mapping[str, Any]], overall: Mapping[str, Any] | None) -> None:
    """The overall score, then those it is made of."""
    entries = [{"dimension": "overall", **overall}, *dimensions] if overall else list(dimensions)
    names = [plain(entry["dimension"]) for entry in entries]
    wide = width() >= NARROW
    made = table()
    made.add_column("score", width=widest(names), no_wrap=True)
    made.add_column("", width=len("0.0000"), no_wrap=True)
    made.add_column("", width=BAR_CELLS if wide else 10, no_wrap=True)
    if wide:
        made.add_column("formula", ratio=1)
    else:
        made.add_column("", ratio=1)
    for number, (name, entry) in enumerate(zip(names, entries, strict=True)):
        style = "bold" if overall and number == 0 else ""
        picture = Text(bar(entry["score"], BAR_CELLS if wide else 10), style="green")
        formula = Text(plain(entry["formula"]) if wide else "", style="dim")
        made.add_row(Text(name, style=style), Text(score(entry["score"]), style=style), picture, formula)
    show(made)
    if not wide:
        say("--json has the formulas.", style="dim")


def show_issues(issues: Sequence[Issue]) -> None:
    """A line for each code, the worst first, in the order they come."""
    if not issues:
        say("No issues found.")
        return
    folded: dict[str, list[Issue]] = {}
    for issue in issues:
        folded.setdefault(issue["code"], []).append(issue)
    shown = dict(list(folded.items())[:MAX_LINES])
    (_show_side_by_side if width() >= NARROW else _show_stacked)(shown)
    if len(folded) > len(shown):
        say(f"… and {len(folded) - len(shown)} more kinds; --json has them all.", style="dim")


def _show_side_by_side(folded: Mapping[str, Sequence[Issue]]) -> None:
    code_cells = min(widest([plain(code) for code in folded]), width() // 3)
    room = width() - len("! ") - GAP - code_cells - 2 * GAP
    place_cells = min(widest([_places(of_code, room) for of_code in folded.values()]), int(room * PLACES_SHARE))
    made = table()
    made.add_column("", width=1)
    made.add_column("issue", width=code_cells, no_wrap=True)
    made.add_column("where", width=place_cells, no_wrap=True)
    made.add_column("what", ratio=1)
    for code, of_code in folded.items():
        mark = _mark(of_code[0])
        name = Text(cut(plain(code), code_cells), style=mark.style)
        made.add_row(mark, name, _places(of_code, place_cells), Text(_meaning(of_code)))
    show(made)


def _show_stacked(folded: Mapping[str, Sequence[Issue]]) -> None:
    for code, of_code in folded.items():
        mark = _mark(of_code[0])
        say(Text.assemble(mark, " ", (plain(code), mark.style)))
        for line in (_places(of_code, width() - GAP), _meaning(of_code)):
            for part in Text(line).wrap(console, width() - GAP):
                say(Text(" " * GAP) + part)


def _mark(issue: Issue) -> Text:
    severity = issue["severity"]
    return Text(MARKS.get(severity, "·"), style=STYLES.get(severity, ""))


def _places(issues: Sequence[Issue], cells: int) -> str:
    """The columns or pairs of columns that have it, as many as fit."""
    if len(issues) == 1:
        return _fitting(_with_share(issues[0]), _column(issues[0]), cells)
    if issues[0].get("other"):
        return _counted("pairs", [_pair(issue) for issue in _strongest_first(issues)], cells)
    told = _counted("columns", [_with_share(issue) for issue in issues], cells)
    return told if ":" in told else _counted("columns", [_column(issue) for issue in issues], cells)


def _fitting(best: str, second: str, cells: int) -> str:
    return best if cell_len(best) <= cells else cut(second, cells)


def _counted(noun: str, names: list[str], cells: int) -> str:
    count = f"{len(names)} {noun}"
    some = listed(names, cells - len(count) - len(": "))
    return f"{count}: {some}" if some else count


def _strongest_first(issues: Sequence[Issue]) -> list[Issue]:
    return sorted(issues, key=lambda issue: -abs(issue.get("value") or 0))


def _column(issue: Issue) -> str:
    return plain(issue.get("column") or "the table")


def _with_share(issue: Issue) -> str:
    share = issue.get("share")
    return _column(issue) if share is None else f"{_column(issue)} {_percent(share)}"


def _pair(issue: Issue) -> str:
    return f"{plain(issue.get('column'))} × {plain(issue['other'])}"


def _percent(share: float) -> str:
    return f"{share:.0%}" if share >= 0.1 else f"{figure(float(f'{share * 100:.2g}'))}%"


def _meaning(issues: Sequence[Issue]) -> str:
    """What it is; where each column has a message of its own, one of them."""
    first = _strongest_first(issues)[0] if issues[0].get("other") else issues[0]
    message = plain(first.get("message") or "")
    if all(issue.get("message") == first.get("message") for issue in issues):
        return message
    return f"{_column(first)}: {message} …"
