"""`@analysis`: a function of an embedding application as an analysis of the catalogue.

    from analyzer import analysis

    @analysis("my_missing", title="Missing cells")
    def missing(df, params):
        \"\"\"How many cells are missing.\"\"\"
        return {"missing": int(df.isna().sum().sum())}

The decorated function takes the dataset as a pandas DataFrame and the parameters, and returns what JSON can hold. It
runs in workers, which import it by the name of its module; so it must stand in a module that can be imported, and not
in a program's `__main__`, in a notebook or inside another function.
"""

import inspect
from collections.abc import Callable, Sequence
from typing import Any

from analyzer.registry import DECORATED, Analysis, Params, Part, Result, Schemas, Section, Tables

Work = Callable[..., Any]


class NotImportable(Exception):
    """A decorated analysis stands where workers cannot import it from: in `__main__`, or inside a function."""


class PluginResult(Result):
    """What the function returned."""

    task_id: str
    schema_version: int = 1
    value: Any


class DecoratedAnalysis(Analysis[Any, Any]):
    """An analysis that can still be called as the function it was made of."""

    function: Work

    def __call__(self, *given: Any, **named: Any) -> Any:
        return self.function(*given, **named)


def analysis(
    task_id: str, *, title: str = "", params: type[Params] = Params, version: int = 1
) -> Callable[[Work], Any]:
    """Make a function `(df, params) -> JSON` an analysis. Its docstring is its page.

    Raises NotImportable where workers could not import it.
    """

    def made(function: Work) -> DecoratedAnalysis:
        place = _place_of(function)
        found = DecoratedAnalysis(
            id=task_id,
            title=title or task_id.replace("_", " "),
            page=inspect.getdoc(function) or title,
            params=params,
            result=PluginResult,
            parts=_one_part,
            compute=lambda tables, part, given: _compute(function, tables, part, given),
            merge=lambda sections, schemas, given: _merge(task_id, sections),
            version=version,
        )
        object.__setattr__(found, "function", function)
        DECORATED[task_id] = place
        return found

    return made


def _place_of(function: Work) -> str:
    module, name = function.__module__, function.__qualname__
    if module == "__main__" or "." in name:
        where = "the program's __main__" if module == "__main__" else f"another function or class of {module}"
        raise NotImportable(
            f"The analysis {name!r} stands in {where}, which workers cannot import. Put it at the top level of a "
            "module of its own and import that module where the app is made."
        )
    return f"{module}:{name}"


def _one_part(schemas: Schemas, params: Params) -> Sequence[Part]:
    return [Part("table")]


def _compute(function: Work, tables: Tables, part: Part, params: Params) -> Section:
    return Section(part.name, {"value": function(tables["df"].to_pandas(), params)})


def _merge(task_id: str, sections: Sequence[Section]) -> PluginResult:
    return PluginResult(task_id=task_id, value=sections[0].data["value"])
