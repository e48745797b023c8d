"""Reading `text/event-stream`, as the HTML standard (section 9.2, server-sent events) says it is to be read."""

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Frame:
    """One dispatched event: its type, its data, and the last event id at that moment."""

    type: str
    data: str
    id: str


class EventStreamParser:
    """Takes the bytes of a stream as they come, cut anywhere, and gives the events in them.

    `last_event_id` is what to come back with; `retry_milliseconds` is how long to wait before, once the stream said so.
    """

    def __init__(self, last_event_id: str = "") -> None:
        self.last_event_id = last_event_id
        self.retry_milliseconds: int | None = None
        self._rest = b""
        self._begun = False
        self._type = ""
        self._data: list[str] = []
        self._id = last_event_id

    def feed(self, content: bytes) -> Iterator[Frame]:
        """The events that these further bytes complete."""
        for line in self._lines(content):
            if not line:
                yield from self._dispatch()
            elif not line.startswith(":"):
                name, _, value = line.partition(":")
                self._take(name, value.removeprefix(" "))

    def _lines(self, content: bytes) -> Iterator[str]:
        """Whole lines. CR, LF and CRLF end one; a CR at the very end waits, since an LF may belong to it."""
        self._rest += content
        if not self._begun:
            if len(self._rest) < 3 and b"\xef\xbb\xbf".startswith(self._rest):
                return  # may become a byte order mark
            self._rest = self._rest.removeprefix(b"\xef\xbb\xbf")
            self._begun = True
        held = b"\r" if self._rest.endswith(b"\r") else b""
        lines = self._rest.removesuffix(held).replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
        self._rest = lines.pop() + held
        for line in lines:
            yield line.decode(errors="replace")

    def _take(self, name: str, value: str) -> None:
        match name:
            case "event":
                self._type = value
            case "data":
                self._data.append(value)
            case "id" if "\0" not in value:
                self._id = value
            case "retry" if value.isascii() and value.isdigit():
                self.retry_milliseconds = int(value)

    def _dispatch(self) -> Iterator[Frame]:
        self.last_event_id = self._id
        if self._data:
            yield Frame(self._type or "message", "\n".join(self._data), self.last_event_id)
        self._type, self._data = "", []
