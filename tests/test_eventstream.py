"""Reading event streams: the vectors that the HTML standard and its public tests give, and cuts anywhere."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.eventstream import EventStreamParser, Frame


def _read(*pieces: bytes) -> list[Frame]:
    parser = EventStreamParser()
    return [frame for piece in pieces for frame in parser.feed(piece)]


def _frame(data: str, type: str = "message", id: str = "") -> Frame:  # noqa: A002
    return Frame(type, data, id)


@pytest.mark.parametrize(
    ("stream", "frames"),
    [
        (b"data: YHOO\ndata: +2\ndata: 10\n\n", [_frame("YHOO\n+2\n10")]),
        (
            b": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n\n",
            [_frame("first event", id="1"), _frame("second event"), _frame(" third event")],
        ),
        (b"data\n\ndata\ndata\n\ndata:", [_frame(""), _frame("\n")]),
        (b"data:test\n\ndata: test\n\n", [_frame("test"), _frame("test")]),
        (b"\xef\xbb\xbfdata:x\n\n", [_frame("x")]),
        (b"\xef\xbb\xbf\xef\xbb\xbfdata:x\n\ndata:y\n\n", [_frame("y")]),
        (b"data:1\r\rdata:2\r\n\r\ndata:3\n\n", [_frame("1"), _frame("2"), _frame("3")]),
        (b"id: a\0b\ndata: x\n\n", [_frame("x")]),
        (b"event: e\ndata: x\n\ndata: y\n\n", [_frame("x", "e"), _frame("y")]),
        (b"event: only\n\ndata: y\n\n", [_frame("y")]),
        (b"unknown: x\nDATA: x\n data: x\ndata : x\n\n", []),
        (b"id: 7\n\ndata: x\n\n", [_frame("x", id="7")]),
        (b"data: unfinished\n", []),
        (b"data: \xff\xfe\n\n", [_frame("��")]),
        (b"data:\0\n\n", [_frame("\0")]),
        # As the public tests of browsers have them: comments, empty fields, spaces, names that only look like one.
        (
            b"data:1\r:\0\n:\r\ndata:2\n:" + b"x" * 2049 + b"\rdata:3\n:data:fail\r:" + b"x" * 2049 + b"\ndata:4\n\n",
            [_frame("1\n2\n3\n4")],
        ),
        (b"data:\n\ndata\ndata\n\ndata:test\n\n", [_frame(""), _frame("\n"), _frame("test")]),
        (b"data: 1\ndata:2\ndata:\t3\n\n", [_frame("1\n2\n\t3")]),
        (b"data:test\n data\ndata\nfoobar:xxx\njustsometext\n:thisisacommentyay\n\n", [_frame("test\n")]),
        (b"data:test\n\n\n\ndata:again\n\n", [_frame("test"), _frame("again")]),
        (b"event:test\ndata:x\n\ndata:x\n\n", [_frame("x", "test"), _frame("x")]),
        (b"event:test\ndata:x\nevent:\n\n", [_frame("x")]),
        (b"event: \ndata:data\n\n", [_frame("data")]),
        (b"\n\n:\n\ndata:x\n\n", [_frame("x")]),
        (b"data:ok\xe2\x80\xa6\nid:\xc2\xb5\n\n", [_frame("ok\u2026", id="\xb5")]),
        (b"id\ndata:x\n\nid:1\ndata:y\n\nid\ndata:z\n\n", [_frame("x"), _frame("y", id="1"), _frame("z")]),
        (b"id:1\nid:2\0\ndata:x\n\n", [_frame("x", id="1")]),
        (b"data:x\n\nid:1\n", [_frame("x")]),
        (b"data:x\r\n\r\ndata:y\n\r\ndata:z\r\r\n", [_frame("x"), _frame("y"), _frame("z")]),
        (b"data:a\nb\nc\n\n", [_frame("a")]),
        (b"da", []),
        (b"\xef\xbb", []),
        (b"\xef\xbb\xbf", []),
        (b"\xef\xbbdata:x\n\n", []),
    ],
)
def test_vectors(stream: bytes, frames: list[Frame]) -> None:
    """Each however it is cut: whole, byte by byte, and in three pieces in every way there is."""
    assert _read(stream) == frames
    assert _read(*(stream[at : at + 1] for at in range(len(stream)))) == frames
    for first in range(len(stream) + 1 if len(stream) < 200 else 0):
        for second in range(first, len(stream) + 1):
            assert _read(stream[:first], stream[first:second], stream[second:]) == frames, (first, second)


@pytest.mark.parametrize(
    ("stream", "milliseconds"),
    [
        (b"retry:3000\nretry:1000x\ndata:x\n\n", 3000),
        (b"retry:03000\ndata:x\n\n", 3000),
        (b"retry\ndata:test\n\n", None),
        (b"retry:-1\nretry:\nretry: \nretry:1e3\nretry:\xd9\xa3\n\n", None),
        (b"retry: 500\n\nretry:700\n", 700),
    ],
)
def test_how_long_to_wait(stream: bytes, milliseconds: int | None) -> None:
    for cut in range(len(stream) + 1):
        parser = EventStreamParser()
        for piece in (stream[:cut], stream[cut:]):
            list(parser.feed(piece))
        assert parser.retry_milliseconds == milliseconds


@given(
    lines=st.lists(
        st.sampled_from(["data: a", "data:b", "id: 3", "event: e", ": c", "", "retry: 5", "id: x\0"]), max_size=20
    ),
    ends=st.lists(st.sampled_from(["\n", "\r\n", "\r"]), min_size=20, max_size=20),
    cuts=st.sets(st.integers(0, 200)),
)
def test_where_it_is_cut_does_not_matter(lines: list[str], ends: list[str], cuts: set[int]) -> None:
    stream = "".join(line + end for line, end in zip(lines, ends, strict=False)).encode() + b"\n"
    edges = [0, *sorted(cut for cut in cuts if cut < len(stream)), len(stream)]
    pieces = [stream[start:end] for start, end in pairwise(edges)]
    assert _read(*pieces) == _read(stream)


def test_retry_and_last_id_are_kept_for_coming_back() -> None:
    parser = EventStreamParser("before")
    assert parser.last_event_id == "before"
    assert list(parser.feed(b"retry: 3000\nid: e:4\n\nretry: 1x\nid: e:5\n")) == []
    assert parser.retry_milliseconds == 3000
    assert parser.last_event_id == "e:4"  # the id of an event that never ended does not count
