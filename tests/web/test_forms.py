"""Forms are read the same however their bytes come in, and nothing that only looks like a boundary ends a part."""

import pytest

from analyzer.errors import MalformedMultipart
from analyzer.web.bodies import Read
from analyzer.web.forms import MAX_HEAD_BYTES, MAX_PREAMBLE_BYTES, Form
from analyzer.web.stretch import Stretch

KIND = 'multipart/form-data; boundary="a b"'
NEARLY = b"\r\n--a\r\n--a \r\r\n\r\n-\r"
BODY = (
    b'before\r\n--a b \t\r\nContent-Disposition: form-data; name="file"; filename="a;\\"b\\\\.csv"\r\n\r\n'
    + NEARLY
    + b"\r\n--a b\r\n"
    b"content-disposition: form-data; name=empty; filename*=UTF-8''%e2%82%ac\r\n\r\n\r\n--a b--behind"
)


def _pieces(*pieces: bytes) -> Read:
    coming = iter(pieces)

    async def read() -> Stretch:
        return Stretch(next(coming, b""))

    return read


async def _parts(read: Read) -> list[tuple[str, str | None, bytes]]:
    form, found = Form(KIND, read), []
    while (part := await form.next_part()) is not None:
        content = b""
        while piece := await part.read():
            content += piece.view
        found.append((part.name, part.filename, content))
    return found


PARTS = [("file", 'a;"b\\.csv', NEARLY), ("empty", "€", b"")]


@pytest.mark.parametrize("cut", range(len(BODY) + 1))
async def test_a_form_may_come_in_any_two_pieces(cut: int) -> None:
    assert await _parts(_pieces(*filter(None, (BODY[:cut], BODY[cut:])))) == PARTS


async def test_a_form_may_come_byte_by_byte() -> None:
    assert await _parts(_pieces(*(bytes([byte]) for byte in BODY))) == PARTS


@pytest.mark.parametrize("cut", range(BODY.index(b"--behind")))
async def test_a_form_that_ends_early_is_malformed(cut: int) -> None:
    with pytest.raises(MalformedMultipart):
        await _parts(_pieces(BODY[:cut]))


@pytest.mark.parametrize(
    "body",
    [
        b"--a b\r\n" + b"x: " + b"y" * MAX_HEAD_BYTES,
        b"x" * (MAX_PREAMBLE_BYTES + 1) + b"\r\n--a b--",
        b"--a b" + b" " * 1000,
        b"--a bc\r\n\r\nx" + b"-" * 300,
        b"--a b\r\nno header\r\n\r\nx\r\n--a b--",
    ],
)
async def test_nothing_beside_the_content_is_without_bound(body: bytes) -> None:
    with pytest.raises(MalformedMultipart):
        await _parts(_pieces(body))
