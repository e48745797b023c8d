"""Runs an analysis in this process as workers would, and checks on the way what every analysis promises."""

import json
import pickle
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

import pyarrow as pa
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from analyzer.analyses import catalogue
from analyzer.models import ColumnSchema, TableSchema
from analyzer.registry import Part, Section

CATALOGUE = catalogue()


def schema_of(table: pa.Table) -> TableSchema:
    columns = tuple(ColumnSchema(name=field.name, type=str(field.type)) for field in table.schema)
    return TableSchema(rows=table.num_rows, columns=columns)


Further = Mapping[str, pa.Table]


def sections_of(table: pa.Table, task_id: str, further: Further | None = None, **params: Any) -> list[Section]:
    analysis = CATALOGUE.find(task_id)
    values = analysis.params(**params)
    tables = {"df": table, **(further or {})}
    shared: dict[tuple[Any, ...], Section] = {}

    def section_of(part: Part) -> Section:
        key = (part.shared, part.columns)
        if part.shared and key in shared:
            return replace(shared[key], name=part.name)
        given = tuple(section_of(need) for need in part.needs)
        asked = replace(pickle.loads(pickle.dumps(part)), needs=(), given=given)
        section: Section = analysis.compute(tables, asked, values)
        assert json.loads(json.dumps(section.data, allow_nan=False)) == section.data
        return shared.setdefault(key, section) if part.shared else section

    return [pickle.loads(pickle.dumps(section_of(part))) for part in analysis.parts(schemas_of(tables), values)]


def schemas_of(tables: Further) -> dict[str, TableSchema]:
    return {name: schema_of(table) for name, table in tables.items()}


def run(table: pa.Table, task_id: str, further: Further | None = None, **params: Any) -> dict[str, Any]:
    """The result as it goes over the wire; `further` are the tables beside `df`."""
    analysis = CATALOGUE.find(task_id)
    sections = sections_of(table, task_id, further, **params)
    schemas = schemas_of({"df": table, **(further or {})})
    before = [json.dumps(section.data) for section in sections]
    result = analysis.merge(sections, schemas, analysis.params(**params))
    assert [json.dumps(section.data) for section in sections] == before, "merge changed a section"
    wire: dict[str, Any] = json.loads(json.dumps(result.model_dump(mode="json"), allow_nan=False))
    assert analysis.result.model_validate_json(result.model_dump_json()) == result
    published(task_id).validate(wire)
    check_charts(wire["charts"])
    return wire


@cache
def published(task_id: str) -> Draft202012Validator:
    """The JSON Schema that the catalogue shows for the result."""
    schema = CATALOGUE.find(task_id).describe().result
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def check_charts(charts: Sequence[Mapping[str, Any]]) -> None:
    """Each has a name fit for a URL that no other has, data inside, and encodes fields that are in the data."""
    assert len({chart["name"] for chart in charts}) == len(charts)
    for chart in charts:
        assert re.fullmatch(r"[a-z0-9-]+", chart["name"])
        spec = chart["spec"]
        assert spec["$schema"] == "https://vega.github.io/schema/vega-lite/v5.json"
        assert spec["mark"]["type"] in ("bar", "rect", "line")
        for channel in spec["encoding"].values():
            assert all(channel["field"] in row for row in spec["data"]["values"])
