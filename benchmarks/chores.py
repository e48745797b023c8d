"""Analyses for the benchmarks of execution: one that does nothing, one that computes, one that stays for a while."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from analyzer.registry import Analysis, Params, Part, Result, Schemas, Section, Tables


class ChoreParams(Params):
    number: int = 0  # makes another run of it, so that nothing is answered from memory
    folder: str = ""


class Done(Result):
    number: int


def describe(table: Any) -> int:
    """What both servers compute: pandas' summary of a mapped table."""
    return int(table.to_pandas().describe(include="all").size)


def _nothing(tables: Tables, part: Part, params: ChoreParams) -> Section:
    return Section(part.name, {"number": params.number})


def _describe(tables: Tables, part: Part, params: ChoreParams) -> Section:
    return Section(part.name, {"number": describe(tables["df"])})


def _stay(tables: Tables, part: Part, params: ChoreParams) -> Section:
    """Looks at every number of the table, says so, and stays until it may go."""
    import pyarrow.compute as pc

    for column in tables["df"].columns:
        pc.sum(column)
    Path(params.folder, str(params.number)).touch()
    while not Path(params.folder, "go").exists():
        time.sleep(0.01)
    return Section(part.name, {"number": params.number})


def _first(tables: Tables, part: Part, params: ChoreParams) -> Section:
    return Section(part.name, {"number": len(tables["df"].column(0)[:1].to_pylist())})


def _parts(schemas: Schemas, params: ChoreParams) -> list[Part]:
    return [Part("all")]


def _merge(sections: Sequence[Section], schemas: Schemas, params: ChoreParams) -> Done:
    return Done(number=sections[0].data["number"])


def _made(name: str, compute: Callable[[Tables, Part, ChoreParams], Section]) -> Analysis[ChoreParams, Done]:
    return Analysis(f"bench_{name}", name, __doc__ or "", ChoreParams, Done, _parts, compute, _merge)


trivial = _made("trivial", _nothing)
describing = _made("describe", _describe)
staying = _made("stay", _stay)
first = _made("first", _first)
