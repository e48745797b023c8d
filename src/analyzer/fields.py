"""Named values from outside as models: the fields of a body, a query or a form, the options of a command."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import pydantic

from analyzer.errors import InvalidParameters, field_errors
from analyzer.models import ReadingOptions

M = TypeVar("M", bound=pydantic.BaseModel)

JSON_FIELDS = frozenset({"types", "null_tokens"})


def read_fields(values: Any, model: type[M], place: str) -> M:
    """Named values as a model. Raises InvalidParameters."""
    try:
        return model.model_validate(values)
    except pydantic.ValidationError as failure:
        raise _invalid(place, failure.errors()) from None


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
    return read_fields(values, ReadingOptions, "upload's options")


def _invalid(place: str, failures: Sequence[Any]) -> InvalidParameters:
    errors = field_errors(failures)
    first = errors[0]
    where = first["pointer"].removeprefix("/") or "it"
    return InvalidParameters(f"The {place} is not valid: {where}: {first['detail']}.", errors=errors)
