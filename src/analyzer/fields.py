"""Named values from outside as models: the fields of a body, a query or a form, the options of a command."""

import json
from collections.abc import Mapping
from typing import Any, TypeVar

import pydantic

from analyzer.errors import InvalidParameters, field_errors
from analyzer.models import ReadingOptions

M = TypeVar("M", bound=pydantic.BaseModel)

JSON_FIELDS = frozenset({"types", "null_tokens"})

MOST_TOLD = 3  # of the fields that were wrong, in the sentence; `errors` has them all


def read_fields(values: Any, model: type[M], place: str) -> M:
    """Named values as a model. Raises InvalidParameters."""
    if not isinstance(values, Mapping):
        fields = ", ".join(model.model_fields)
        raise InvalidParameters(f"The {place} must be an object with fields of these: {fields}.")
    try:
        return model.model_validate(values)
    except pydantic.ValidationError as failure:
        errors = field_errors(failure.errors())
        told = "; ".join(f"{error['pointer'].removeprefix('/')}: {error['detail']}" for error in errors[:MOST_TOLD])
        raise InvalidParameters(f"The {place} is not valid. {told}.", errors=errors) from None


def reading_options(given: Mapping[str, str]) -> ReadingOptions:
    """Reading options from texts: plain ones as they are, lists and objects as JSON. Raises InvalidParameters."""
    values: dict[str, Any] = {}
    for name, text in given.items():
        try:
            values[name] = json.loads(text) if name in JSON_FIELDS else text
        except ValueError:
            raise InvalidParameters(
                f"The option {name!r} takes JSON, not {text[:80]!r}.",
                errors=[{"pointer": f"/{name}", "detail": "no JSON"}],
            ) from None
    return read_fields(values, ReadingOptions, "set of reading options")
