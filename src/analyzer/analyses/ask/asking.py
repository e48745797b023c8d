"""What the `ask_` analyses share: their parameters, and that nothing of them is done in a worker."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, NoReturn

from pydantic import Field

from analyzer.analyses.ask.results import Answer
from analyzer.errors import ModelNotConfigured
from analyzer.registry import Analysis, Params, Part, Place, Schemas, Section, Tables

MOST_QUESTION = 4000
MOST_INPUTS = 8
LONGEST_ID = 64


class TurnParams(Params):
    """What every question may say of itself."""

    share: Literal["schema", "samples"] = Field(
        "schema",
        description="What the model is told: `schema` never tells it a row or a rare value, `samples` adds the first "
        "five rows and the full text of errors.",
    )
    conversation_id: str | None = Field(
        None, max_length=LONGEST_ID, description="Go on with this conversation, after its latest turn."
    )
    after: str | None = Field(
        None, max_length=LONGEST_ID, description="Go on after this turn (a run's id) instead: a branch."
    )
    inputs: dict[Annotated[str, Field(pattern="^[A-Za-z_][A-Za-z0-9_]{0,63}$")], str] = Field(
        {}, max_length=MOST_INPUTS, description="Further datasets: a name in `tables` → a `file_id`."
    )


class AskParams(TurnParams):
    """A question, and what may be told of the data."""

    question: str = Field(min_length=1, max_length=MOST_QUESTION, pattern=r"\S", description="In plain language.")


def in_the_loop(task_id: str, title: str, page: str | None, params: type[TurnParams]) -> Analysis[Any, Any]:
    """An entry of the catalogue whose work the service does itself."""
    return Analysis(
        id=task_id,
        title=title,
        page=page or "",
        params=params,
        result=Answer,
        parts=_parts,
        compute=_compute,
        merge=_merge,
        place=Place.LOOP,
        further=_further,
    )


def _parts(schemas: Schemas, params: Params) -> Sequence[Part]:
    return [Part("answer")]


def _compute(tables: Tables, part: Part, params: Params) -> NoReturn:
    raise ModelNotConfigured("A worker asks no model: no key ever reaches one.")


def _merge(sections: Sequence[Section], schemas: Schemas, params: Params) -> Answer:
    return Answer.model_validate(sections[0].data)


def _further(params: TurnParams) -> Mapping[str, str]:
    return params.inputs
