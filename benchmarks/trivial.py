"""An analysis that does nothing: what is left of a run is what the server costs. For `benchmarks/execution.py`."""

from collections.abc import Sequence

from analyzer.registry import Analysis, Params, Part, Result, Schemas, Section, Tables


class TrivialParams(Params):
    number: int = 0  # makes another run of it, so that nothing is answered from memory


class Trivial(Result):
    number: int


def _parts(schemas: Schemas, params: TrivialParams) -> list[Part]:
    return [Part("nothing")]


def _compute(tables: Tables, part: Part, params: TrivialParams) -> Section:
    return Section(part.name, {"number": params.number})


def _merge(sections: Sequence[Section], schemas: Schemas, params: TrivialParams) -> Trivial:
    return Trivial(number=sections[0].data["number"])


analysis = Analysis(
    id="bench_trivial",
    title="Nothing",
    page=__doc__,
    params=TrivialParams,
    result=Trivial,
    parts=_parts,
    compute=_compute,
    merge=_merge,
)
