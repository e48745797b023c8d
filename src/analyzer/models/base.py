"""What all models share."""

import os
import secrets
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, PlainSerializer


class Frozen(BaseModel):
    """An immutable value that takes no field it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="null")


PUBLIC = "public"
"""The principal of whoever says nothing about himself. What is the public's may be used by all who know its id."""


class Removal(StrEnum):
    """Why something that was here is gone."""

    DELETED = "deleted"
    EXPIRED = "expired"


def rfc3339(moment: datetime) -> str:
    """A moment as the wire writes it: UTC, milliseconds, `Z`."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")[: -len("+00:00")] + "Z"


def stamp() -> str:
    """This moment as the wire writes it."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")[: -len("+00:00")] + "Z"


Moment = Annotated[datetime, PlainSerializer(rfc3339, return_type=str, when_used="json")]


def now() -> datetime:
    """This moment, in UTC, to the millisecond that the store keeps."""
    moment = datetime.now(UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def new_id() -> str:
    """128 random bits, as 32 hexadecimal digits: knowing an id is knowing a secret."""
    try:
        return _drawn.pop()
    except IndexError:
        digits = secrets.token_hex(16 * DRAWN_AT_ONCE)
        first, *rest = (digits[at : at + 32] for at in range(0, len(digits), 32))
        _drawn.extend(rest)
        return first


# Each call of the system lets another thread go on, and waits for its end; a request takes several ids.
DRAWN_AT_ONCE = 64
_drawn: list[str] = []

if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_drawn.clear)  # a child would draw the same
