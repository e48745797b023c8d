"""The summary of small tables worked out by hand, of every Arrow type, and of awkward shapes."""

import datetime as dt
import math
import sys
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from analyzer.analyses import catalogue
from analyzer.analyses.columns import MAX_PARTS
from analyzer.analyses.figures.moments import exact_sum
from analyzer.errors import InvalidParameters
from tests.analyses.inprocess import run, schema_of, sections_of

TASK = "eda_statistical_summary"


def only(column: Any, **params: Any) -> dict[str, Any]:
    found: dict[str, Any] = run(pa.table({"x": column}), TASK, **params)["columns"][0]
    return found


def reason(column: dict[str, Any], figure: str) -> str:
    assert column[figure] is None
    note = column["notes"][figure]
    assert note["kind"] == "undefined"
    return str(note["reason"])


def test_by_hand() -> None:
    column = only([2, 4, 4, 4, 5, 5, 7, 9])  # the textbook example: population sd 2, so Σd² = 32
    assert column["kind"] == "numeric"
    assert (column["count"], column["missing"], column["sum"], column["mean"]) == (8, 0, 40, 5.0)
    assert column["variance"] == pytest.approx(32 / 7)
    assert column["sem"] == pytest.approx(math.sqrt(32 / 7 / 8))
    assert (column["min"], column["q25"], column["q50"], column["q75"], column["max"]) == (2, 4.0, 4.5, 5.5, 9)
    assert (column["range"], column["iqr"], column["mad"]) == (7, 1.5, 0.5)
    assert column["skewness"] == pytest.approx(42 / 8 / 8 * math.sqrt(8 * 7) / 6)  # Σd³ = 42
    assert column["kurtosis"] == pytest.approx(7 / (6 * 5) * (9 * (356 / 8 / 16 - 3) + 6))  # Σd⁴ = 356
    assert (column["distinct"], column["modes"], column["monotonicity"]) == (5, [4], "increasing")
    assert column["notes"] == {}


def test_ci_by_students_table() -> None:
    column = only([1.0, 2.0, 3.0, 4.0, 5.0])
    half = 2.776445 * math.sqrt(2.5 / 5)  # t with 4 degrees of freedom, two-sided 5 %
    assert column["ci95"] == pytest.approx([3 - half, 3 + half], rel=1e-6)


@pytest.mark.parametrize(
    ("values", "figures"),
    [
        ([7], ["std", "variance", "sem", "ci95", "cv", "skewness", "kurtosis"]),
        ([7, 8], ["skewness", "kurtosis"]),
        ([7, 8, 9], ["kurtosis"]),
    ],
)
def test_too_few_values(values: list[int], figures: list[str]) -> None:
    column = only(values)
    assert [reason(column, figure) for figure in figures] == ["too-few-values"] * len(figures)
    assert set(column["notes"]) == set(figures)


@pytest.mark.parametrize("value", [0.1, -3.0, 1e15, 1e300, 5e-324, 2**60, 1e15 / 3, -1e306])
def test_a_constant_has_no_spread_at_any_size(value: float) -> None:
    column = only([value] * 7)
    assert (column["std"], column["variance"], column["iqr"], column["mad"]) == (0.0, 0.0, 0.0, 0.0)
    assert float(column["mean"]) == float(column["trimmed_mean"]) == float(value)
    assert (reason(column, "skewness"), reason(column, "kurtosis")) == ("constant", "constant")
    assert column["histogram"]["counts"] == [7]
    assert column["monotonicity"] == "constant"


def test_a_mean_of_zero_has_no_cv() -> None:
    assert reason(only([-1, 1]), "cv") == "zero-mean"


def test_infinities_count_but_do_not_add_up() -> None:
    column = only([1.0, 2.0, 3.0, math.inf, None])
    assert (column["count"], column["missing"], column["infinities"]) == (4, 1, 1)
    assert (column["min"], column["q50"]) == (1.0, 2.5)
    for figure in ("max", "q99", "range", "sum", "mean", "std", "ci95", "skewness"):
        assert reason(column, figure) == "infinite"
    assert sum(column["histogram"]["counts"]) == 3
    assert reason(only([math.inf, math.inf]), "histogram") == "infinite"


def test_the_ends_of_the_double_range() -> None:
    column = only([1.7e308, -1.7e308, 1e308, 1e308])
    assert column["mean"] == pytest.approx(0.5e308)
    assert (reason(column, "range"), reason(column, "variance")) == ("overflow", "overflow")
    assert column["q50"] == pytest.approx(1e308)
    assert sum(column["histogram"]["counts"]) == 4


@pytest.mark.parametrize("value", [sys.float_info.max, -sys.float_info.max])
def test_the_very_last_double(value: float) -> None:
    column = only([value])
    assert (column["min"], column["mean"], column["histogram"]["counts"]) == (value, value, [1])
    assert reason(only([value] * 7), "sum") == "overflow"


def test_zero_has_one_sign() -> None:
    column = only([-0.0, 0.0, 0.0])
    assert (column["distinct"], column["zeros"], column["negatives"]) == (1, 3, 0)
    assert math.copysign(1, column["modes"][0]) == 1


@pytest.mark.parametrize(
    ("values", "word"),
    [
        ([1, 2, 3], "strictly increasing"),
        ([1, 1, 3], "increasing"),
        ([3, None, 2, 1], "strictly decreasing"),
        ([3, 2, 2], "decreasing"),
        ([1, 3, 2], "none"),
        ([*range(100), 5], "none"),
        ([4, 4], "constant"),
        ([4], "constant"),
    ],
)
def test_monotonicity(values: list[int | None], word: str) -> None:
    assert only(values)["monotonicity"] == word


def test_histogram_keeps_to_the_rule_and_the_cap() -> None:
    column = only([float(number) for number in range(1000)])
    edges = column["histogram"]["edges"]
    assert len(edges) - 1 == math.ceil(999 / (2 * column["iqr"] / 1000 ** (1 / 3)))
    outlier = only([*range(1000), 10**12])
    assert len(outlier["histogram"]["counts"]) == 50
    assert len(only([*range(1000), 10**12], bins=7)["histogram"]["counts"]) == 7
    heap = only([0.0] * 90 + [1.0] * 10)
    assert len(heap["histogram"]["counts"]) == math.ceil(math.log2(100) + 1)


def test_bins_of_whole_numbers_lie_around_them() -> None:
    years = only([2007] * 3 + [2008] * 5 + [2009] * 4)["histogram"]
    assert years == {"edges": [2006.5, 2007.5, 2008.5, 2009.5], "counts": [3, 5, 4]}
    assert only([1, 2, 2, 2, 3], bins=2)["histogram"]["edges"] == [1.0, 2.0, 3.0]  # there is no room for three
    assert only([2**52, 2**52 + 1])["histogram"]["edges"][0] == 2.0**52  # no double is a half there


def test_modes_are_at_most_ten_ascending() -> None:
    assert only([5, 5, 3, 3, 9])["modes"] == [3, 5]
    assert only(list(range(50, 0, -1)))["modes"] == list(range(1, 11))
    assert only([*range(12), *range(12), 99])["modes"] == list(range(10))


MOMENT = dt.datetime(2024, 1, 2, 3, 4, 5, tzinfo=dt.UTC)
DAY = dt.date(2024, 1, 2)
TYPES: list[tuple[Any, str, dict[str, Any]]] = [
    *(
        (pa.array([1, 2, None], kind), "numeric", {"sum": 3, "max": 2})
        for kind in map(
            pa.type_for_alias,
            [
                "int8",
                "int16",
                "int32",
                "int64",
                "uint8",
                "uint16",
                "uint32",
                "uint64",
                "float32",
                "float64",
                "halffloat",
            ],
        )
    ),
    (pa.array([1, 2, None], pa.duration("ms")), "numeric", {"sum": 3}),
    (pa.array([2**64 - 1, 1], pa.uint64()), "numeric", {"max": str(2**64 - 1), "sum": str(2**64), "mean": 2.0**63}),
    (pa.array([-(2**63), 2**63 - 1]), "numeric", {"sum": -1, "mean": -0.5, "range": str(2**64 - 1)}),
    (pa.array([Decimal("0.10"), Decimal("0.20"), None]), "numeric", {"sum": "0.30", "max": "0.20", "missing": 1}),
    (pa.array([Decimal(10**37), Decimal(9 * 10**37)]), "numeric", {"sum": str(10**38)}),
    (pa.array([True, False, True, None]), "boolean", {"true": 2, "false": 1, "share": 2 / 3, "distinct": 2}),
    (pa.array(["a", "b", None], pa.large_string()), "categorical", {"distinct": 2}),
    (pa.array(["a", "b", None], pa.string_view()), "categorical", {"distinct": 2}),
    (pa.array(["a", "b", None]).dictionary_encode(), "categorical", {"distinct": 2, "missing": 1}),
    (pa.array([1, 2, None]).dictionary_encode(), "numeric", {"sum": 3}),
    (pa.array([b"\x00\xff", None]), "categorical", {"top": [{"value": "0x00ff", "count": 1}]}),
    (pa.array([b"ab", b"cd"], pa.binary(2)), "categorical", {"distinct": 2}),
    (pa.array([DAY, None]), "datetime", {"min": "2024-01-02", "resolution": "day"}),
    (pa.array([DAY, None], pa.date64()), "datetime", {"max": "2024-01-02"}),
    (pa.array([MOMENT], pa.timestamp("us", "Asia/Tokyo")), "datetime", {"min": "2024-01-02T03:04:05Z"}),
    (pa.array([MOMENT.replace(tzinfo=None)]), "datetime", {"q50": "2024-01-02T03:04:05", "resolution": "second"}),
    (pa.array([5], pa.timestamp("ns")), "datetime", {"resolution": "nanosecond", "span_seconds": 0.0}),
    (pa.array([10**12], pa.timestamp("s")), "datetime", {"min": "33658-09-27T01:46:40"}),
    (pa.array([dt.time(3, 4, 5)]), "datetime", {"min": "03:04:05", "resolution": "second"}),
    (pa.array([30], pa.time32("s")), "datetime", {"max": "00:00:30"}),
    (pa.nulls(3), "empty", {"count": 0, "missing": 3}),
    (pa.nulls(3, pa.string()), "empty", {"count": 0, "missing": 3}),
    (pa.array([math.nan, None]), "empty", {"count": 0, "missing": 2}),
    (pa.array([[1], None]), "unsupported", {"count": 1, "missing": 1}),
    (pa.array([{"a": 1}, None]), "unsupported", {"count": 1, "missing": 1}),
]


@pytest.mark.parametrize(
    ("column", "kind", "figures"), TYPES, ids=[f"{place}-{one[0].type}" for place, one in enumerate(TYPES)]
)
def test_every_arrow_type(column: pa.Array, kind: str, figures: dict[str, Any]) -> None:
    found = only(column)
    assert (found["kind"], found["type"]) == (kind, str(column.type))
    assert {name: found[name] for name in figures} == figures
    for chunks in ([column, column], [column[:0]], []):
        table = pa.table({"x": pa.chunked_array(chunks, column.type)})
        again = run(table, TASK)["columns"][0]
        assert again["count"] == found["count"] * sum(len(chunk) > 0 for chunk in chunks)


def test_text_is_where_nearly_all_differ() -> None:
    assert only([f"name {number}" for number in range(51)])["kind"] == "text"
    assert only([f"name {number}" for number in range(50)])["kind"] == "categorical"
    assert only([f"name {number}" for number in range(51)] * 2)["kind"] == "categorical"


def test_long_values_are_cut_for_display_only() -> None:
    column = only(["x" * 1000, "x" * 1000 + "y"])
    assert {len(entry["value"]) for entry in column["top"]} == {256}
    assert column["distinct"] == 2
    assert column["lengths"]["max"] == 1001


def test_gaps() -> None:
    days = [dt.date(2024, 1, day) for day in (1, 2, 2, 3, 9)]
    gaps = only(days)["gaps"]
    assert (gaps["min_seconds"], gaps["median_seconds"], gaps["max_seconds"]) == (86400, 86400, 6 * 86400)
    assert gaps["largest"] == {"after": "2024-01-03", "before": "2024-01-09"}


def test_order_selection_and_names() -> None:
    table = pa.table({"b": [1], "": ["x"], "a": [None]})
    assert [column["name"] for column in run(table, TASK)["columns"]] == ["b", "", "a"]
    chosen = run(table, TASK, columns=["a", "b", "a"])
    assert [column["name"] for column in chosen["columns"]] == ["b", "a"]


def test_an_unknown_column_is_named_with_the_nearest() -> None:
    analysis = catalogue().find(TASK)
    schema = schema_of(pa.table({"species": ["a"]}))
    with pytest.raises(InvalidParameters, match=r"'specie'.*species") as raised:
        analysis.parts({"df": schema}, analysis.params(columns=["species", "specie"]))
    assert raised.value.more["errors"][0]["pointer"] == "/columns/1"


@pytest.mark.parametrize(
    "table", [pa.table({}), pa.table({"x": pa.array([], pa.float64()), "s": pa.array([], pa.string())})]
)
def test_no_rows_or_columns(table: pa.Table) -> None:
    result = run(table, TASK)
    assert (result["rows"], len(result["columns"])) == (0, table.num_columns)
    assert {column["kind"] for column in result["columns"]} <= {"empty"}


def test_wide_tables_come_in_groups() -> None:
    table = pa.table({f"c{number}": [number] for number in range(MAX_PARTS + 1)})
    sections = sections_of(table, TASK)
    assert len(sections) <= MAX_PARTS
    assert sections[0].name == "c0 … c7"
    assert [column["name"] for column in run(table, TASK)["columns"]] == table.column_names
    assert [section.name for section in sections_of(table.select(range(MAX_PARTS)), TASK)][:2] == ["c0", "c1"]


def test_the_same_again() -> None:
    table = pa.table({"x": [3.0, 1.0, None], "s": ["b", "a", "c"]})
    assert run(table, TASK) == run(table, TASK)


def test_charts() -> None:
    table = pa.table(
        {"n": [1, 2, 5], "s": ["a", "b", "b"], "t": [dt.date(2024, 1, day) for day in (1, 2, 9)], "e": pa.nulls(3)}
    )
    charts = {chart["name"]: chart for chart in run(table, TASK)["charts"]}
    assert list(charts) == ["missing", "column-0", "column-1", "column-2"]
    assert sum(row["rows"] for row in charts["column-0"]["spec"]["data"]["values"]) == 3
    assert charts["column-1"]["spec"]["data"]["values"] == [{"name": "b", "rows": 2}, {"name": "a", "rows": 1}]
    assert charts["column-2"]["spec"]["encoding"]["x"]["type"] == "temporal"
    assert charts["missing"]["spec"]["data"]["values"][-1] == {"name": "e", "missing": 1.0}


@pytest.mark.parametrize("bits", [3, 40, 52, 56, 57, 60, 63])
@pytest.mark.parametrize("kind", ["int64", "uint64"])
def test_sums_of_whole_numbers_are_exact_however_large(bits: int, kind: str) -> None:
    """In one piece, in many with a rest, and in halves."""
    values = np.random.default_rng(bits).integers(0, 2**bits - 1, 20_001, dtype=kind)
    if kind == "int64":
        values[::3] *= -1
    assert exact_sum(np.sort(values)) == sum(values.tolist())


def test_gaps_wider_than_int64_reaches() -> None:
    far = [np.datetime64(day, "ns") for day in ("1700-01-01", "2200-01-01", "2200-01-02")]
    two = only(pa.array(far[:2]))["gaps"]
    assert two["min_seconds"] == two["max_seconds"] == 15_778_454_400.0  # 182,621 days
    three = only(pa.array(far))["gaps"]
    assert (three["min_seconds"], three["max_seconds"]) == (86_400.0, 15_778_454_400.0)
    assert three["std_seconds"] == pytest.approx((15_778_454_400.0 - 86_400.0) / math.sqrt(2))
    assert three["largest"] == {"after": "1700-01-01T00:00:00", "before": "2200-01-01T00:00:00"}


def test_moments_at_both_ends_of_their_type() -> None:
    found = only(pa.array([1 - 2**63, 2**63 - 1], pa.timestamp("ns")))
    assert found["histogram"]["counts"] == [1, 1]
    assert found["gaps"]["max_seconds"] == (2**64 - 2) / 10**9
    assert only(pa.array([2**63 - 1], pa.timestamp("ns")))["histogram"]["counts"] == [1]


def test_bins_of_dates_are_whole_days() -> None:
    six = [dt.date(2020, 1, day) for day in range(1, 7)] * 50
    found = only(pa.array(six))["histogram"]
    assert found["edges"] == [f"2020-01-0{day}" for day in range(1, 8)]
    assert found["counts"] == [50] * 6
    ten = only(pa.array([dt.date(2020, 1, day) for day in range(1, 11)] * 2), bins=4)["histogram"]
    assert ten == {"edges": ["2020-01-01", "2020-01-05", "2020-01-09", "2020-01-13"], "counts": [8, 8, 4]}
    assert only(pa.array([dt.date(9999, 12, 31)]))["histogram"]["edges"] == ["9999-12-30", "9999-12-31"]


@pytest.mark.parametrize("first", [2**60, -(2**63), 2**63 - 100, 5])
def test_spread_of_large_integers_that_lie_close_together(first: int) -> None:
    found = only([first + k for k in range(100)])
    assert (found["iqr"], found["mad"]) == (49.5, 25.0)


def test_decimals_that_doubles_would_make_one() -> None:
    close = [Decimal(f"1.0000000000000000000{k}") for k in (3, 2, 1)]
    found = only(pa.array([*close, None], pa.decimal128(38, 20)))
    assert (found["distinct"], found["monotonicity"]) == (3, "strictly decreasing")
    assert (found["std"], found["mad"], found["cv"]) == pytest.approx((1e-20, 1e-20, 1e-20))
    assert (found["skewness"], reason(found, "kurtosis")) == (pytest.approx(0.0, abs=1e-9), "too-few-values")
    risen = only(pa.array([close[2], close[1], close[1]], pa.decimal128(38, 20)))
    assert risen["monotonicity"] == "increasing"


def test_digits_of_decimals_are_written_plainly_and_added_at_any_size() -> None:
    small = only(pa.array([Decimal(0), Decimal("0.00000000000000000001")], pa.decimal128(38, 20)))
    assert (small["min"], small["max"]) == ("0.00000000000000000000", "0.00000000000000000001")
    assert only(pa.array([Decimal(1200), Decimal(200)], pa.decimal128(5, -2)))["sum"] == "1400"
    wide = [Decimal("0.01"), Decimal("123456789012345678901234567890123456.78")]
    assert only(pa.array(wide, pa.decimal128(38, 2)))["range"] == "123456789012345678901234567890123456.77"
    assert only(pa.array([Decimal(9 * 10**75)] * 20, pa.decimal256(76, 0)))["sum"] == str(180 * 10**75)
