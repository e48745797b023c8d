"""What the command line shows, looked at as text."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pyarrow as pa
import pytest
from rich.cells import cell_len
from rich.console import Console

from analyzer.cli.analyze import one_by_one
from analyzer.terminal import results, screen
from analyzer.terminal.figures import figure, figures, score
from analyzer.terminal.pictures import bar, sparkline
from analyzer.terminal.plain import cut, listed, plain, plain_json
from analyzer.terminal.views import VIEWS
from tests.analyses.inprocess import run

Show = Callable[[Mapping[str, Any], int], list[str]]


@pytest.fixture
def show(monkeypatch: pytest.MonkeyPatch) -> Show:
    """The lines that a result is shown as on a terminal of this width."""

    def shown(result: Mapping[str, Any], width: int) -> list[str]:
        console = Console(width=width, highlight=False, force_terminal=False)
        for module in ("screen", "quality"):
            monkeypatch.setattr(f"analyzer.terminal.{module}.console", console)
        with console.capture() as captured:
            results.show_result(result, str(result.get("title", "Statistical summary")))
        return captured.get().splitlines()

    return shown


def _number_column(name: str, **figures: Any) -> dict[str, Any]:
    usual = {"count": 3, "missing": 0, "mean": 2.5, "std": 1.25, "min": 1, "q25": 1.5, "q50": 2, "q75": 3, "max": 4}
    return {"name": name, "kind": "numeric", "histogram": {"counts": [1, 0, 2]}} | usual | figures


def _category_column(name: str, *values: str) -> dict[str, Any]:
    top = [{"value": value, "count": 10 - number} for number, value in enumerate(values)]
    return {"name": name, "kind": "categorical", "count": 20, "missing": 0, "distinct": len(values), "top": top}


def _issue(code: str, column: str | None, severity: str = "info", **more: Any) -> dict[str, Any]:
    return {"code": code, "severity": severity, "column": column, "other": None, "message": f"It is {code}."} | more


# --- text from outside ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mred", "␛[31mred"),
        ("a\nb\tc\0", "a␊b␉c␀"),
        ("\x7f\x9b2J", "␡⟨U+009B⟩2J"),
        ("\u202egnp.exe\u2069", "⟨U+202E⟩gnp.exe⟨U+2069⟩"),
        ("\udcff", "\ufffd"),
        ("Zürich 東京", "Zürich 東京"),
    ],
)
def test_what_a_terminal_would_obey_is_shown(text: str, shown: str) -> None:
    assert plain(text) == shown


def test_json_says_the_same_without_what_a_terminal_would_obey() -> None:
    value = {"\x1b": "\x9b\u202e\x7f\udcff é 東"}
    text = plain_json(value)
    assert json.loads(text) == value
    assert text.isprintable() or set(text) - {"\n"} <= set(
        '{}": \\u001b9f2edc7é東',
    )
    assert "é 東" in text


def test_every_name_and_value_is_made_harmless(show: Show) -> None:
    evil = "\x1b]0;x\x07\u202e"
    columns = [_number_column(evil), _category_column(evil, evil), {**_number_column(evil), "kind": evil}]
    issues = [_issue(evil, evil, message=evil), _issue("pair", evil, other=evil), _issue("pair", "b", other=evil)]
    dimensions = [{"dimension": evil, "score": 0.5, "formula": evil}]
    for result in (
        {"columns": columns, "issues": issues, "dimensions": dimensions, "title": evil, "task_id": evil},
        {"else": evil, evil: [evil]},
    ):
        for width in (40, 100):
            assert all(line.isprintable() for line in show(result, width))


def test_a_list_ends_between_values() -> None:
    assert listed(["Adelie (152)", "Gentoo (124)"], 40) == "Adelie (152), Gentoo (124)"
    assert listed(["Adelie (152)", "Gentoo (124)"], 20) == "Adelie (152), …"
    assert listed(["Adelie (152)", "Gentoo (124)"], 10) == ""
    assert cut("東京東京", 5) == "東京…"


# --- pictures ---------------------------------------------------------------------------------------------------------


def test_a_sparkline_has_the_shape_of_the_counts() -> None:
    assert sparkline([1] * 13) == "█" * 12, "an even histogram is even, however many bins share a cell"
    assert sparkline([2] * 31) == "█" * 12
    assert sparkline([1, 0, 8]) == "▂ █"
    assert sparkline([0] * 23 + [5]) == " " * 11 + "█"
    assert sparkline([]) == sparkline([0, 0]).strip() == ""
    assert sparkline([1000, 1]) == "█▁", "little is not nothing"


def test_a_bar_is_full_only_for_all_of_it() -> None:
    assert bar(1.0, 4) == "████"
    assert bar(0.99999, 4) == "███▉"
    assert bar(0.5, 4) == "██"
    assert bar(0.53125, 4) == "██▏"
    assert bar(1e-9, 4) == "▏"
    assert bar(0.0, 4) == bar(None, 4) == ""
    assert (score(0.99999), score(1.0), score(None)) == ("0.9999", "1.0000", "–")


# --- figures ----------------------------------------------------------------------------------------------------------


def test_figures_of_a_column_have_one_style() -> None:
    assert figures([43.9219298, 17.15117, 200.9152, 4201.754386]) == ["43.92", "17.15", "200.92", "4201.75"]
    assert figures([32.1, 172, None]) == ["32.1", "172  ", "–"]
    assert figures(["2024-01-01T00:00:00", "2024-01-01T10:30:00.25"]) == ["2024-01-01         ", "2024-01-01 10:30:00"]


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (2024, "2024"),
        (9999, "9999"),
        (10_000, "10,000"),
        (123_456_789_012, "1.235e11"),
        ("12345678901234567890", "1.235e19"),
        (1234567.891, "1,234,568"),
        (5e-9, "5e-9"),
        (0.1 + 0.2, "0.3"),
        (0.0, "0"),
        (float("inf"), "∞"),
        (None, "–"),
        ("day", "day"),
    ],
)
def test_a_figure_is_short(value: Any, shown: str) -> None:
    assert figure(value) == shown


# --- the whole --------------------------------------------------------------------------------------------------------

MIXED: Sequence[Mapping[str, Any]] = [
    _number_column("length of the bill in millimetres"),
    _category_column("species", "Adelie", "Chinstrap", "Gentoo"),
    {"name": "paid", "kind": "boolean", "count": 3, "missing": 0, "true": 1, "false": 2, "share": 1 / 3},
    {"name": "nothing", "kind": "empty", "count": 0, "missing": 3},
    {"name": "list", "kind": "unsupported", "count": 3, "missing": 0},
]


@pytest.mark.parametrize("width", [40, 60, 80, 100, 140, 200])
def test_it_fits_and_says_what_does_not(show: Show, width: int) -> None:
    lines = show({"columns": MIXED, "task_id": "eda_statistical_summary"}, width)
    text = "\n".join(lines)
    assert max(map(cell_len, lines)) <= width
    for label in ("numbers", "categories", "truth values", "empty", "others"):
        assert label in text
    assert {cell_len(line) for line in lines if line.startswith("──")} == {min(width, screen.MAX_WIDTH)}
    assert "Adelie (10)" in text
    assert "Gentoo (8)" in text or "…" in text
    for figure_name in ("missing", "std", "q25", "max"):
        assert figure_name in text, "in the table, or among those without room"
    assert "\n\n\n" not in text


def test_the_heading_is_the_title_with_the_id_beside_it(show: Show) -> None:
    lines = show({"columns": MIXED, "task_id": "eda_statistical_summary"}, 80)
    assert lines[0] == ""
    assert lines[1].startswith("Statistical summary  eda_statistical_summary ──")
    assert len(lines[1]) == 80


def test_very_wide_tables_are_capped(show: Show) -> None:
    text = "\n".join(show({"columns": [_number_column(f"c{number}") for number in range(600)]}, 80))
    assert "c39" in text
    assert "c40" not in text
    assert "… and 560 more; --json has them all." in text


def test_the_overall_score_comes_first(show: Show) -> None:
    dimensions = [{"dimension": "validity", "score": 0.99, "formula": "1 − invalid / present"}]
    lines = show({"dimensions": dimensions, "overall": {"score": 0.99, "formula": "the mean"}, "issues": []}, 80)
    assert lines[4].split()[:2] == ["overall", "0.9900"]
    assert "No issues found." in lines


@pytest.mark.parametrize("width", [40, 80, 100])
def test_issues_are_folded(show: Show, width: int) -> None:
    issues = [
        _issue("all_missing", "a", "error"),
        _issue("related", "a", "warning", other="b", value=0.5, message="r is 0.5"),
        _issue("related", "a", "warning", other="c", value=-0.9, message="r is -0.9"),
        *(_issue("not_normal", name) for name in ("bill", "depth", "a name that is much too long to be shown")),
    ]
    text = "\n".join(show({"issues": issues}, width))
    assert text.count("not_normal") == 2, "the code and the message"
    assert "3 columns: bill, depth, …" in text or width == 80
    assert "2 pairs: a × c, a × b" in text
    assert "a: r is -0.9 …" in text, "the strongest stands for all"
    for mark, code in (("✗", "all_missing"), ("!", "related"), ("·", "not_normal")):
        assert any(line.split()[:2] == [mark, code] for line in text.splitlines())


def test_issues_are_capped(show: Show) -> None:
    text = "\n".join(show({"issues": [_issue(f"code{number}", None) for number in range(35)]}, 100))
    assert "code29" in text
    assert "code30" not in text
    assert "… and 5 more kinds; --json has them all." in text


@pytest.mark.parametrize("task_id", VIEWS)
@pytest.mark.parametrize("cells", [40, 80, 140])
def test_results_of_lists_are_facts_and_tables_that_fit(show: Show, task_id: str, cells: int) -> None:
    table = pa.table(
        {
            "id": range(30),
            "a long name\nof a column": [None, 1.5, 2.5] * 10,
            "text": ["NA", "x", None] * 10,
            "far": [*range(29), 10**6],
            "day": pa.array(range(30), pa.date32()),
        }
    )
    if task_id == "compare_drift":
        result = run(table, task_id, {"reference": table.slice(9)}, reference="reference")
    else:
        result = run(table, task_id)
    lines = show(result, cells)
    assert max(map(cell_len, lines)) <= cells
    assert any(line.startswith("rows 30") for line in lines)
    assert any(line.startswith(("id", "name", "columns", "row")) for line in lines)


def test_everything_is_shown_one_by_one() -> None:
    full = {"results": {"eda_overview": {"rows": 1}, "ts_overview": {"rows": 2}}}
    told = list(one_by_one({"eda_schema": {"rows": 3}, "eda_full": full}))
    assert told == [("eda_schema", {"rows": 3}), ("eda_overview", {"rows": 1}), ("ts_overview", {"rows": 2})]


def test_shapes_and_lists_of_figures_are_short(show: Show) -> None:
    lines = show(run(pa.table({"x": [*range(50), *range(20, 30)]}), "eda_distribution"), 120)
    (line,) = [line for line in lines if line.startswith("x ")]
    assert "█" in line
    assert max(map(len, line.split())) < 14


def test_what_is_hidden_behind_stand_ins_is_named(show: Show) -> None:
    lines = show(run(pa.table({"text": ["NA", "x", None] * 10}), "quality_missing"), 100)
    assert any("NA (10)" in line for line in lines)
