"""The pictures as specifications."""

import pytest

from analyzer import charts
from tests.analyses.inprocess import check_charts, faults


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


SCHEMA = {
    "$defs": {"Note": {"type": "object", "properties": {"kind": {"const": "a"}}, "required": ["kind"]}},
    "type": "object",
    "properties": {
        "note": {"anyOf": [{"$ref": "#/$defs/Note"}, {"type": "null"}]},
        "pair": {"type": "array", "prefixItems": [{"type": "integer"}, {"enum": ["x", "y"]}]},
    },
    "additionalProperties": False,
}


@pytest.mark.parametrize("value", [{"note": {"kind": "a"}, "pair": [1, "x"]}, {"note": None}, {}])
def test_the_check_of_schemas_accepts(value: object) -> None:
    assert list(faults(value, SCHEMA, SCHEMA)) == []


@pytest.mark.parametrize(
    "value",
    [[], {"note": {}}, {"note": {"kind": "b"}}, {"note": 1}, {"pair": [True, "x"]}, {"pair": [1, "z"]}, {"more": 1}],
)
def test_the_check_of_schemas_is_not_vacuous(value: object) -> None:
    assert list(faults(value, SCHEMA, SCHEMA)) != []
