"""What crosses the wall: frames of a kind and a length, read by somebody who expects every byte to be hostile.

What comes out is JSON, parsed with limits, or the bytes of a table, which are counted and not looked at. Nothing is
ever unpickled.
"""

import json
import math
import os
import struct
from dataclasses import dataclass
from typing import Any

from analyzer.errors import ResultInvalid, ResultTooLarge
from analyzer.jail.limits import KIB, Limits

HEADER = struct.Struct(">cI")
MOST_DEPTH = 32
EMITTED_BYTES = 256 * KIB
ERROR_BYTES = 128 * KIB
CHUNK_BYTES = 64 * KIB

READY, EMITTED, TABLE, RESULT, ERROR = b"Y", b"E", b"T", b"R", b"X"


def frame(kind: bytes, payload: bytes) -> bytes:
    """One message as it is written."""
    return HEADER.pack(kind, len(payload)) + payload


@dataclass(frozen=True)
class Message:
    """One message that was checked: `value` is strict JSON, `data` the bytes of a table."""

    kind: bytes
    value: Any = None
    data: bytes = b""

    @property
    def is_final(self) -> bool:
        return self.kind in (RESULT, ERROR)


class Mouth:
    """The jailed side: says things through a descriptor."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def say(self, kind: bytes, value: Any) -> None:
        self.send(kind, encode(value))

    def send(self, kind: bytes, payload: bytes) -> None:
        rest = memoryview(frame(kind, payload))
        while rest:
            rest = rest[os.write(self._descriptor, rest) :]


class Ear:
    """The supervisor's side: takes whatever bytes come. Raises ResultInvalid and ResultTooLarge, and nothing else."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._waiting = bytearray()
        self._taken = {TABLE: 0, EMITTED: 0}

    def feed(self, data: bytes) -> list[Message]:
        """The messages that these bytes complete, up to a final one."""
        self._waiting += data
        messages: list[Message] = []
        while len(self._waiting) >= HEADER.size and not (messages and messages[-1].is_final):
            kind, length = HEADER.unpack_from(self._waiting)
            self._check_length(kind, length)
            end = HEADER.size + length
            if len(self._waiting) < end:
                break
            payload = bytes(self._waiting[HEADER.size : end])
            del self._waiting[:end]
            messages.append(self._take(kind, payload))
        return messages

    def end(self) -> None:
        """Nothing more comes. Raises ResultInvalid in the middle of a message."""
        if self._waiting:
            raise ResultInvalid("The code ended in the middle of a message.")

    def _check_length(self, kind: bytes, length: int) -> None:
        limits = {
            EMITTED: EMITTED_BYTES,
            ERROR: ERROR_BYTES,
            RESULT: self._limits.result_bytes,
            TABLE: self._limits.table_bytes - self._taken[TABLE],
        }
        if kind not in limits:
            raise ResultInvalid("The code sent a message of no known kind.")
        if length > limits[kind]:
            raise too_large(self._limits.table_bytes if kind == TABLE else limits[kind])

    def _take(self, kind: bytes, payload: bytes) -> Message:
        if kind in self._taken:
            self._taken[kind] += len(payload)
            if self._taken[EMITTED] > self._limits.result_bytes:
                raise too_large(self._limits.result_bytes)
        if kind == TABLE:
            return Message(kind, data=payload)
        return Message(kind, value=decode(payload))


def too_large(limit: int) -> ResultTooLarge:
    """For what may have this many bytes at most."""
    return ResultTooLarge(
        f"What the code gave back is larger than the {limit:,} bytes it may have. Aggregate or take fewer rows.",
        limit=limit,
    )


def encode(value: Any) -> bytes:
    """Strict JSON. Raises ValueError or TypeError for what is none."""
    return json.dumps(value, allow_nan=False, ensure_ascii=False, separators=(",", ":")).encode()


def decode(payload: bytes) -> Any:
    """Strict JSON of bounded depth. Raises ResultInvalid."""
    try:
        value = json.loads(payload.decode(), parse_constant=_refuse, parse_float=_finite)
    except (ValueError, RecursionError, MemoryError) as failure:
        raise ResultInvalid("What the code gave back is no strict JSON.") from failure
    _check(value)
    return value


def _refuse(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise ValueError(f"{text} is no double")
    return number


def _check(value: Any) -> None:
    """Refuse what is too deep, and text that cannot be written again."""
    level = [value]
    for _ in range(MOST_DEPTH):
        deeper: list[Any] = []
        for item in level:
            if isinstance(item, str):
                _check_text(item)
            elif isinstance(item, dict):
                for key in item:
                    _check_text(key)
                deeper.extend(item.values())
            elif isinstance(item, list):
                deeper.extend(item)
        if not deeper:
            return
        level = deeper
    raise ResultInvalid(f"What the code gave back is nested more than {MOST_DEPTH} deep.")


def _check_text(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError as failure:
        raise ResultInvalid("What the code gave back holds half a character.") from failure
