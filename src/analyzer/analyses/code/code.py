"""
Runs Python that you or a model wrote, in a jail: no network, no files but scratch space, no other processes.

## What the code finds

| name | is |
|---|---|
| `df` | the dataset as a pandas DataFrame, backed by Arrow |
| `tables` | every table by name: `df`, and those of `inputs` |
| `pd`, `np` | pandas and numpy; whatever else is installed beside the server can be imported |
| `emit(value, name)` | shows something finished while the code goes on: what may be a result may be emitted |
| `emit(done=3, total=10, message="…")` | says how far the code is |

What it prints is streamed as it is printed.

## What it gives back

What it assigns to `result`; else the value of its last line, if that is an expression.

| `kind` | for |
|---|---|
| `value` | numbers, truth values, dates, lists, dicts, arrays |
| `text` | text |
| `table` | a DataFrame, a Series, an Arrow table: its first 1,000 rows, and how many there are |
| `chart` | an Altair chart, a Vega-Lite specification as a dict, a figure of matplotlib or what pyplot has drawn |

With `save_as` a table becomes a dataset of its own, all rows of it, so that work can go on from there. Numbers that are
not defined are `null`, integers beyond 2^53 and decimals are text.

## Sessions

Runs that name the same `session_id` find the variables that the runs before have left, `df` as well as long as they are
started on the same dataset. A session waits ten minutes for its next run, and ends with a run that is cancelled or
meets a limit; the next run then fails with `session-lost`, once, and the one after it begins anew.

## Equivalent Python

    exec(code, {"df": pd.read_csv(...), "pd": pd, "np": np})
"""

from collections.abc import Sequence
from typing import Annotated, NoReturn

from pydantic import Field

from analyzer.analyses.code.results import CodeResult
from analyzer.errors import JailUnavailable
from analyzer.registry import Analysis, Params, Part, Place, Schemas, Section, Tables

MOST_CODE = 256 * 1024
MOST_INPUTS = 32


class CodeParams(Params):
    """The code, and what it works on beside the dataset."""

    code: str = Field(max_length=MOST_CODE, description="Python.")
    inputs: dict[Annotated[str, Field(pattern="^[A-Za-z_][A-Za-z0-9_]{0,63}$")], str] = Field(
        {}, max_length=MOST_INPUTS, description="Further datasets: a name in `tables` → a `file_id`."
    )
    save_as: str | None = Field(
        None, min_length=1, max_length=200, description="Keep a resulting table as a dataset of this name."
    )
    session_id: str | None = Field(
        None,
        pattern="^[!-~]{1,128}$",
        description="Find the variables that the runs before with this name have left. Choose any name.",
    )


def parts(schemas: Schemas, params: CodeParams) -> Sequence[Part]:
    """One: code is not divided."""
    return [Part("code")]


def compute(tables: Tables, part: Part, params: CodeParams) -> NoReturn:
    """Refuse: there is no way to this code around the jail."""
    raise JailUnavailable("Foreign code runs in the jail and nowhere else.")


def merge(sections: Sequence[Section], schemas: Schemas, params: CodeParams) -> CodeResult:
    """The one section is the result, checked."""
    return CodeResult.model_validate(sections[0].data)


analysis = Analysis(
    id="code",
    title="Run code",
    page=__doc__ or "",
    params=CodeParams,
    result=CodeResult,
    parts=parts,
    compute=compute,
    merge=merge,
    place=Place.JAIL,
    further=lambda params: params.inputs,
)
