"""What comes through the wall, read by the supervisor: hostile bytes become a valid message or a named refusal."""

import json
import os
import random
from collections.abc import Iterator

import pytest

from analyzer.analyses.code.results import Printed, checked_emitted, checked_failure, checked_result
from analyzer.errors import ResultInvalid, ResultTooLarge
from analyzer.jail.channel import EMITTED, ERROR, HEADER, RESULT, TABLE, Ear, Message, frame
from analyzer.jail.limits import Limits

LIMITS = Limits(result_bytes=20_000, table_bytes=20_000)
CASES = int(os.environ.get("ANALYZER_TEST_FUZZ_CASES", "10000"))

SEEDS = [
    frame(RESULT, b'{"kind":"value","value":{"a":[1,2.5,null,true,"text"]}}'),
    frame(RESULT, b'{"kind":"text","text":"hello"}'),
    frame(RESULT, b'{"kind":"table","table":{"columns":[{"name":"a","type":"int64"}],"rows":[[1],[2]],"total":2}}'),
    frame(RESULT, b'{"kind":"chart","charts":[{"name":"chart","title":"","spec":{"mark":"bar"}}]}'),
    frame(EMITTED, b'{"done":1,"total":2,"message":"m"}') + frame(RESULT, b'{"kind":"value","value":1}'),
    frame(EMITTED, b'{"name":"n","content":{"kind":"text","text":"t"}}') + frame(RESULT, b'{"kind":"value","value":1}'),
    frame(TABLE, b"ARROW1" * 10) + frame(RESULT, b'{"kind":"value","value":1}'),
    frame(ERROR, b'{"kind":"code-error","detail":"Line 1: x","line":1,"traceback":"t","hint":"h"}'),
]
PIECES = [
    b"", b"\x00", b"\xff", b"\xed\xa0\x80", b"\\ud800", b"NaN", b"1e999", b"-Infinity", b"[" * 200, b'{"a":' * 200,
    b"9" * 5000, b'"', b"\\", b"{}", b"null", b"[]", b"R", b"X", b"\x80\x04\x95", b"cos\nsystem\n", b"\xff\xff\xff\xff",
]  # fmt: skip


def _mutations(chance: random.Random) -> Iterator[bytes]:
    for _ in range(CASES):
        data = bytearray(chance.choice(SEEDS))
        for _ in range(chance.randint(1, 4)):
            place = chance.randrange(len(data) + 1)
            match chance.randrange(5):
                case 0:
                    data[place:place] = chance.choice(PIECES)
                case 1:
                    del data[place : place + chance.randint(1, 20)]
                case 2:
                    data[place : place + 1] = bytes([chance.randrange(256)])
                case 3:
                    data += chance.choice(SEEDS)
                case 4:
                    data = bytearray(_with_true_length(bytes(data)))
        yield bytes(data)


def _with_true_length(data: bytes) -> bytes:
    """As somebody forges it who knows the form: the length fits what follows."""
    return data[:1] + HEADER.pack(b"R", max(0, len(data) - HEADER.size))[1:] + data[HEADER.size :]


def _read(data: bytes, chance: random.Random) -> list[Message]:
    """The messages in these bytes, which come in pieces of any size."""
    ear, messages, start = Ear(LIMITS), list[Message](), 0
    while start < len(data) and not (messages and messages[-1].is_final):
        end = start + chance.choice((1, 7, 100, 100_000))
        messages += ear.feed(data[start:end])
        start = end
    if not (messages and messages[-1].is_final):
        ear.end()
    return messages


def _check(message: Message) -> None:
    """What the supervisor does with a message; what it lets through is strict JSON of the promised form."""
    if message.kind == RESULT:
        told = checked_result(message.value, Printed(text="")).model_dump_json()
        json.loads(told, parse_constant=_refuse)
        told.encode()
    elif message.kind == EMITTED:
        emitted = checked_emitted(message.value)
        if emitted.content is not None:
            checked_result(emitted.content, Printed(text=""))
    elif message.kind == ERROR:
        checked_failure(message.value).error("")


def _refuse(name: str) -> None:
    raise AssertionError(name)


def test_any_bytes_are_a_valid_message_or_refused_by_name() -> None:
    chance = random.Random(7)
    valid = refused = 0
    for data in _mutations(chance):
        try:
            for message in _read(data, chance):
                _check(message)
        except (ResultInvalid, ResultTooLarge):
            refused += 1
        else:
            valid += 1
    assert valid > CASES // 50, "most mutations must not be refused for one and the same reason"
    assert refused > CASES // 2


def test_the_seeds_are_valid() -> None:
    for data in SEEDS:
        messages = _read(data, random.Random(1))
        for message in messages:
            _check(message)
        assert messages[-1].is_final


@pytest.mark.parametrize(
    ("payload", "why"),
    [
        (b'{"kind":"value","value":NaN}', "no strict JSON"),
        (b'{"kind":"value","value":1e999}', "no strict JSON"),
        (b'{"kind":"value","value":"\\ud800"}', "half a character"),
        (b'{"kind":"value","value":' + b"[" * 40 + b"]" * 40 + b"}", "nested more than 32 deep"),
        (b"[" * 10_000, "no strict JSON"),
        (b"\x80\x04\x95\x00", "no strict JSON"),
    ],
)
def test_what_is_no_strict_json_is_refused(payload: bytes, why: str) -> None:
    with pytest.raises(ResultInvalid, match=why):
        Ear(LIMITS).feed(frame(RESULT, payload))


@pytest.mark.parametrize(
    "value",
    [
        {"kind": "value", "value": 1, "saved": {"file_id": "x", "filename": "y"}},
        {"kind": "value", "output": {"text": "forged"}},
        {"kind": "text"},
        {"kind": "table", "text": "x"},
        {"kind": "table", "table": {"columns": [], "rows": [[1]], "total": 1}},
        {"kind": "table", "table": {"columns": [], "rows": [], "total": -1}},
        {"kind": "chart", "charts": [{"name": "<b>", "title": "", "spec": {}}]},
        {"kind": "other"},
        ["kind"],
        None,
    ],
)
def test_what_is_no_result_is_refused(value: object) -> None:
    with pytest.raises(ResultInvalid):
        checked_result(value, Printed(text=""))


def test_lengths_are_refused_before_the_bytes_have_come() -> None:
    for kind in (RESULT, EMITTED, ERROR, TABLE):
        with pytest.raises(ResultTooLarge):
            Ear(LIMITS).feed(HEADER.pack(kind, 2**31))
    ear = Ear(LIMITS)
    assert len(ear.feed(frame(TABLE, bytes(9000)) * 2)) == 2
    with pytest.raises(ResultTooLarge):
        ear.feed(frame(TABLE, bytes(9000)))
    with pytest.raises(ResultInvalid):
        Ear(LIMITS).feed(HEADER.pack(b"P", 1))
