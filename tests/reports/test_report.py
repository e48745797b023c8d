"""The report: read by a browser, small, and made of nothing but text where a table had its say."""

import json
import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pytest

from analyzer.analyses.eda.full import ORDER
from analyzer.models.handouts import Heading
from analyzer.reports import pdf, report
from analyzer.reports.markup import figure
from analyzer.reports.paper import blocks_of
from tests.analyses.inprocess import CATALOGUE, run
from tests.analyses.nasty import TABLES
from tests.api import Api

BROWSER = shutil.which("chromium") or shutil.which("google-chrome")
TASKS = ("eda_data_quality", "eda_statistical_summary")
HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</style></title>",
    "&lt;b&gt;",
    "a\u202eb\0",
    "",
]
VOID = {"meta", "path", "br", "img", "link"}


def page_of(table: pa.Table, *tasks: str, **results: Any) -> str:
    titles = {task_id: CATALOGUE.find(task_id).title for task_id in TASKS}
    heading = Heading(
        "<i>table</i>.csv", table.num_rows, table.num_columns, 12345, "2026-01-01", titles, ("<b>odd</b>",)
    )
    return report(heading, {task: run(table, task) for task in tasks} | results).decode()


class _Elements(HTMLParser):
    """Every element and attribute; elements that are not closed in order fail."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: set[str] = set()
        self.attributes: set[str] = set()
        self.words: list[str] = []
        self._open: list[str] = []

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.seen.add(tag)
        self.attributes |= {name for name, _ in attrs}
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: Any) -> None:
        self.seen.add(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def elements(page: str) -> _Elements:
    parser = _Elements()
    parser.feed(page)
    return parser


@pytest.fixture(scope="module")
def penguins_page(penguins: Path) -> str:
    return page_of(pyarrow.csv.read_csv(penguins), *TASKS)


def test_the_numbers_stand_in_it(penguins_page: str) -> None:
    words = " ".join(elements(penguins_page).words)
    for said in (
        "43.9219",
        "344 rows × 8 columns",
        "12.3 kB",
        "high correlation",
        "D'Agostino–Pearson omnibus",
        "99.7 %",
    ):
        assert said in words, said


def test_it_needs_no_script_and_nothing_from_elsewhere(penguins_page: str) -> None:
    found = elements(penguins_page)
    assert not found.seen & {"script", "img", "link", "iframe", "object", "a href"}
    assert not {name for name in found.attributes if name.startswith("on")} | (found.attributes & {"src"})
    assert re.findall(r"https?://[^\s\"'<]+", penguins_page.replace("http://www.w3.org/", "")) == []


def test_what_a_table_says_is_text() -> None:
    table = pa.table({name: [*HOSTILE, None] for name in HOSTILE})
    page = page_of(table, *TASKS)
    allowed = elements(page_of(pa.table({"a": ["x", "y", None]}), *TASKS)).seen
    found = elements(page)
    assert found.seen <= allowed | {"ul", "li", "p", "small"}
    assert not {name for name in found.attributes if name.startswith("on")}
    assert "\u202e" not in page
    assert "\0" not in page
    assert "<script>alert(1)</script>" in " ".join(found.words)


def test_a_result_of_any_shape_is_shown() -> None:
    odd = {
        "columns": ["a", 1],
        "issues": ["none"],
        "dimensions": {"a": 1},
        "matrix": [[1.0, None], [2.0, 3.0]],
        "deep": {"rows": [{"a": {"b": 1}, "c": 1}], "notes": {"x": {"kind": "estimate", "bound": 0.5}}, "x": 2.5},
        "charts": [{"name": "odd", "title": "Odd <chart>", "spec": {"mark": "nonsense"}}],
        "methods": None,
    }
    words = " ".join(elements(page_of(pa.table({"a": [1]}), x_odd=odd)).words)
    for said in ("x_odd", "matrix", "≈ 2.5", "± 0.5", "Odd <chart>", "In the result, and not here: a"):
        assert said in words, said


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (123450.4, "123,450"),
        (999_999_999.98, "1,000,000,000"),
        (99_999.96, "100,000"),
        (100.0, "100"),
        (2007, "2007"),
        (0.1 + 0.2, "0.3"),
        (1e-5 / 3, "3.333e-06"),
        (1.5e300, "1.5e+300"),
        (None, "–"),
        ([1, None], "1, –"),
    ],
)
def test_figures_are_shortened_and_stay_what_they_are(value: Any, said: str) -> None:
    assert figure(value) == said


@pytest.mark.parametrize("name", ["all missing", "infinities", "mixed types", "no rows", "odd names", "series"])
def test_every_analysis_of_any_table_has_a_page(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("analyzer.charts.rendering.svg", lambda spec: b"<svg></svg>")
    results = {one: run(TABLES[name], one) for one in ORDER}
    page = page_of(TABLES[name], **results)
    assert [one for one in ORDER if CATALOGUE.find(one).title not in page and one not in page] == []


def test_the_points_of_a_curve_are_drawn_and_fitted_families_are_a_table(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("analyzer.charts.rendering.svg", lambda spec: b"<svg></svg>")
    found = run(pa.table({"x": np.random.default_rng(0).normal(size=300)}), "eda_distribution")
    words = " ".join(elements(page_of(pa.table({"x": [1]}), eda_distribution=found)).words)
    assert f"{found['columns'][0]['families'][0]['aic']:.2f}" in words
    assert "log_likelihood" not in words
    assert "in all)" not in words


def wide(columns: int, rows: int = 300) -> pa.Table:
    random = np.random.default_rng(0)
    return pa.table({f"measure_{number}": random.normal(size=rows) for number in range(columns)})


def test_a_hundred_columns_take_less_than_two_megabytes() -> None:
    assert len(page_of(wide(100), *TASKS)) < 2_000_000


def _seen_by_browser(page: Path, folder: Path) -> tuple[str, str]:
    """The page as a browser has it in the end, and what the browser complained of."""
    assert BROWSER is not None
    told = subprocess.run(
        [
            *(BROWSER, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"),
            *("--enable-logging=stderr", f"--user-data-dir={folder}", "--dump-dom", page.as_uri()),
        ],
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    )
    return told.stdout, "\n".join(line for line in told.stderr.splitlines() if "CONSOLE" in line)


@pytest.mark.skipif(BROWSER is None, reason="there is no Chromium on this machine")
@pytest.mark.parametrize("columns", [100, 2000])
def test_a_browser_shows_it_without_complaint(tmp_path: Path, columns: int) -> None:
    file = tmp_path / "report.html"
    file.write_text(page_of(wide(columns, rows=50), "eda_statistical_summary"))
    dom, complaints = _seen_by_browser(file, tmp_path / "profile")
    assert complaints == ""
    assert f"measure_{columns - 1}" in dom


@pytest.mark.skipif(BROWSER is None, reason="there is no Chromium on this machine")
def test_the_browser_would_complain_of_a_script(tmp_path: Path) -> None:
    file = tmp_path / "report.html"
    file.write_text(page_of(pa.table({"a": [1]})).replace("</body>", "<script>alert(1)</script></body>"))
    assert "Content Security Policy" in _seen_by_browser(file, tmp_path / "profile")[1]


async def test_a_run_has_a_report(api: Api, penguins: Path) -> None:
    named, content = {"filename": "a & <b>.csv"}, penguins.read_bytes()
    made = await api.ask("POST", "/api/upload", params=named, data=content, headers={"Content-Type": "text/csv"})
    run_id = await api.start(made.json["file_id"], "eda_statistical_summary")
    (await api.get(f"/api/run/{'0' * 32}/report.html")).problem(404, "unknown-run")
    await api.result(run_id)
    answer = await api.get(f"/api/run/{run_id}/report.html")
    assert answer.status == 200, answer.body
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert answer.headers["Content-Security-Policy"].startswith("sandbox; default-src 'none'")
    assert "a &amp; &lt;b&gt;.csv" in answer.body.decode()
    assert "43.9219" in answer.body.decode()


def test_on_paper_stands_what_stands_on_the_page(penguins: Path) -> None:
    page = page_of(pyarrow.csv.read_csv(penguins), *TASKS)
    found = json.dumps(blocks_of(page.encode()), ensure_ascii=False)
    for word in ("heavy tailed", "4201.75", "Adelie", "<i>table</i>.csv", "1 − missing / cells", "adjusted Fisher"):
        assert (word in found) == (word in "".join(elements(page).words)), word
    assert "4201.75" in found


def test_whatever_a_table_says_can_be_set(penguins: Path) -> None:
    values = [f"#panic() $x$ \\ */ {word}" for word in HOSTILE]
    table = pa.table({word or "#{": values for word in HOSTILE})
    assert pdf(page_of(table, *TASKS).encode()).startswith(b"%PDF-")
    assert pdf(page_of(pa.table({}), *TASKS).encode()).startswith(b"%PDF-")


async def test_the_report_as_pdf(api: Api, penguins: Path) -> None:
    run_id = await api.start(await api.dataset(penguins), "eda_data_quality")
    await api.result(run_id)
    answer = await api.get(f"/api/run/{run_id}/report.pdf")
    assert (answer.status, answer.headers["Content-Type"]) == (200, "application/pdf")
    assert answer.body.startswith(b"%PDF-")
    again = await api.get(f"/api/run/{run_id}/report.pdf", headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status == 304


async def test_a_run_links_to_its_report(api: Api, penguins: Path) -> None:
    run_id = await api.start(await api.dataset(penguins), "eda_overview")
    await api.result(run_id)
    link = (await api.get(f"/api/run/{run_id}")).json["links"]["report"]
    assert (await api.get(link)).status == 200


def test_the_gaps_of_many_columns_are_drawn_and_none_of_whole_ones() -> None:
    gappy = pa.table({f"a column {place}": pa.array([1, None, place]) for place in range(100)})
    page = page_of(gappy, *TASKS)
    assert "a column 63</text>" in page
    assert "not shown here" not in page
    assert "Missing cells" not in page_of(pa.table({"whole": [1, 2]}), *TASKS)


def test_what_several_analyses_draw_of_a_table_stands_in_its_page_once() -> None:
    gappy = pa.table({"one": pa.array([1, None, 3, None]), "other": pa.array([None, 2, 3, 4])})
    page = page_of(gappy, "eda_overview", "quality_missing", "eda_statistical_summary", "eda_data_quality")
    assert page.count('aria-label="Missing cells"') == 1


def test_forty_columns_by_forty_are_shown() -> None:
    page = page_of(wide(40), "eda_correlation")
    assert page.count('aria-label="Pearson') == 1
    assert "not shown here" not in page


def test_the_strongest_pairs_stand_in_it_with_how_sure_they_are() -> None:
    random = np.random.default_rng(3)
    x = random.normal(size=40)
    table = pa.table({"x": x, "y": x + random.normal(size=40)})
    found = run(table, "eda_correlation")["pairs"][0]
    page = page_of(table, "eda_correlation")
    for method in ("pearson", "spearman", "kendall"):
        value, p = (figure(found[method][name]) for name in ("value", "p"))
        assert f'<td>{value}<small class="note">p {p}</small></td>' in page
        assert f"ci95 of each {method}" in page


BARS = {"mark": "bar", "encoding": {"x": {"field": "a", "type": "nominal"}}, "data": {"values": [{"a": 1}]}}


def test_pictures_that_differ_are_both_shown() -> None:
    points = BARS | {"mark": "point"}
    made = [{"name": name, "title": "", "spec": spec} for name, spec in (("a", BARS), ("b", points), ("c", BARS))]
    page = page_of(pa.table({"x": [1]}), one={"charts": made[:1]}, other={"charts": made[1:]})
    assert page.count("<figure") == 2


@pytest.mark.parametrize(
    "data", [None, {"values": None}, {"values": 7}, {"values": {"a": 1}}, {"sequence": {"stop": 3}}]
)
def test_any_data_of_a_picture_is_told_apart(data: Any) -> None:
    made = [{"name": "a", "title": "t", "spec": BARS | {"data": data}}, {"name": "b", "title": "t", "spec": BARS}]
    assert "<h2>" in page_of(pa.table({"x": [1]}), one={"charts": made})


def test_a_colour_in_a_label_stays_text() -> None:
    said = "rgb(300, 2, 3)"
    spec = BARS | {"data": {"values": [{"a": said}]}}
    assert said in page_of(pa.table({"x": [1]}), one={"charts": [{"name": "a", "title": "t", "spec": spec}]})
