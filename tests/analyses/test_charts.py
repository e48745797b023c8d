"""The pictures: as specifications, and drawn."""

import re
import sys
from xml.etree import ElementTree

import pytest

from analyzer import charts
from analyzer.charts import rendering
from analyzer.errors import NotFound, NotInstalled
from tests.analyses.inprocess import check_charts


def test_bins_become_bars() -> None:
    spec = charts.histogram("age", [0, 10, 20], [3, 4])
    assert spec["data"]["values"] == [{"from": 0, "to": 10, "rows": 3}, {"from": 10, "to": 20, "rows": 4}]
    assert spec["encoding"]["x"]["bin"] == {"binned": True}
    assert spec["title"]["text"] == "age"
    check_charts([{"name": "a-1", "spec": spec}])


def test_edges_and_counts_must_fit() -> None:
    with pytest.raises(ValueError, match="zip"):
        charts.histogram("age", [0, 10], [3, 4])


def test_bars_keep_the_given_order() -> None:
    spec = charts.scores("quality", [("validity", 0.5), ("timeliness", None)])
    assert [row["name"] for row in spec["data"]["values"]] == ["validity", "timeliness"]
    assert spec["encoding"]["y"]["sort"] is None
    assert spec["encoding"]["x"]["scale"] == {"domain": [0, 1]}
    check_charts([{"name": "a", "spec": spec}])


def test_a_nameless_column_still_has_a_title() -> None:
    assert charts.missing_shares("", [("", 0.5)])["title"]["text"] == "(no name)"


@pytest.mark.parametrize("change", [{"name": "Not Safe"}, {"spec": {"$schema": "x"}}])
def test_the_check_of_charts_is_not_vacuous(change: dict[str, object]) -> None:
    chart = {"name": "a", "spec": charts.top_values("a", [{"value": True, "count": 1}])}
    check_charts([chart])
    with pytest.raises(AssertionError):
        check_charts([chart | change])
    with pytest.raises(AssertionError):
        check_charts([chart, chart])


def test_bins_are_drawn_as_wide_as_they_are() -> None:
    drawn = rendering.svg(charts.histogram("age", [0, 10, 30, 40], [3, 4, 1])).decode()
    bars = re.findall(r'aria-roledescription="bar" d="M[\d.]+,[\d.]+h([\d.]+)v([\d.]+)', drawn)
    widths, heights = ([float(bar[place]) for bar in bars] for place in (0, 1))
    assert widths[1] > 1.9 * widths[0] == 1.9 * widths[2] > 50
    assert heights[1] > heights[0] > heights[2]


def test_an_undefined_score_keeps_its_label() -> None:
    drawn = rendering.svg(charts.scores("quality", [("validity", 0.5), ("timeliness", None)])).decode()
    assert ">timeliness<" in drawn


@pytest.mark.parametrize("name", ["<script>alert(1)</script>", 'a"b&amp;', "]]>", "", "名前" * 200, "a\0b\n", "\ud800"])
def test_a_name_is_text_in_a_picture(name: str) -> None:
    drawn = rendering.svg(charts.top_values(name, [{"value": name, "count": 1}]))
    names = {element.tag.rpartition("}")[2] for element in ElementTree.fromstring(drawn).iter()}
    assert names <= {"svg", "g", "path", "text", "rect", "line", "defs", "clipPath", "tspan"}


def test_a_picture_as_png() -> None:
    assert rendering.png(charts.missing_shares("missing", [("a", 0.5)])).startswith(b"\x89PNG")


def test_nothing_is_fetched() -> None:
    spec = charts.missing_shares("missing", []) | {"data": {"url": "http://127.0.0.1:9/table.json"}}
    with pytest.raises(ValueError, match=r"127\.0\.0\.1:9"):
        rendering.svg(spec)


def test_a_chart_is_found_by_name() -> None:
    result = {"charts": [{"name": "missing", "spec": {"a": 1}}]}
    assert rendering.found(result, "missing") == {"a": 1}
    with pytest.raises(NotFound, match="missing"):
        rendering.found(result, "mising")
    with pytest.raises(NotFound, match="no charts"):
        rendering.found({}, "missing")


def test_without_the_extra_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "vl_convert", None)
    with pytest.raises(NotInstalled, match=r"analyzer\[charts\]"):
        rendering.svg({})
