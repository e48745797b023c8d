"""How columns are dealt out to parts."""

import pyarrow as pa

from analyzer.analyses.columns import CELLS, LEAST_PARTS, MAX_PARTS, column_parts
from tests.analyses.inprocess import CATALOGUE, run, schema_of


def names(n: int) -> list[str]:
    return [f"x{number}" for number in range(n)]


def test_each_column_is_a_part_as_long_as_they_are_few() -> None:
    parts = column_parts(names(MAX_PARTS), rows=3)
    assert [part.columns for part in parts] == [(name,) for name in names(MAX_PARTS)]


def test_many_columns_share_parts_of_a_sensible_size() -> None:
    for rows in (0, 1, 5_000, 10**9):
        parts = column_parts(names(2_000), rows=rows)
        assert [name for part in parts for name in part.columns] == names(2_000)
        assert LEAST_PARTS <= len(parts) <= MAX_PARTS
    assert {len(part.columns) for part in column_parts(names(2_000), rows=5_000)} == {CELLS // 5_000}


def test_the_cheapest_come_first_and_the_result_is_in_the_tables_order() -> None:
    table = pa.table({"text": ["a", "b"], "real": [0.5, 1.5], "flag": [True, False], "whole": [1, 2]})
    analysis = CATALOGUE.find("eda_statistical_summary")
    parts = analysis.parts({"df": schema_of(table)}, analysis.params())
    assert [part.name for part in parts] == ["flag", "whole", "real", "text"]
    result = run(table, "eda_statistical_summary")
    assert [column["name"] for column in result["columns"]] == table.column_names
    assert [chart["name"] for chart in result["charts"]] == ["column-0", "column-1", "column-3"]


def test_what_builds_on_figures_does_so_group_by_group_too() -> None:
    table = pa.table({f"c{place}": [place, None, 3] for place in range(MAX_PARTS + 4)})
    columns = run(table, "eda_schema")["columns"]
    assert [column["name"] for column in columns] == table.column_names
    assert {column["missing"] for column in columns} == {1}
