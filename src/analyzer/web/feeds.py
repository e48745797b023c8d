"""Where one connection stands in the logs it follows, and the bytes that come next for it."""

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from analyzer.broadcast import WRITE_BYTES, Cursor, EventLog
from analyzer.entries import Entry


class Feed(Protocol):
    """What a connection is fed with."""

    @property
    def position(self) -> str | None:
        """What a client that leaves now comes back with; None when that is what it came with."""

    @property
    def has_nothing_left(self) -> bool:
        """The client has seen every final event already."""

    @property
    def over(self) -> bool:
        """When what waits has been taken, nothing more comes."""

    @property
    def ended(self) -> bool:
        """Every log has its final event."""

    @property
    def hung_up(self) -> bool:
        """What waits may be taken; then the connection shall end, before its time."""

    @property
    def passed(self) -> int:
        """How many events were taken, the last of them perhaps not wholly."""

    def bytes_waiting(self) -> int:
        """How far behind the connection is."""

    def take(self) -> bytes:
        """What comes next, as much as goes into one write; empty when nothing waits."""

    def take_all(self, form: Callable[[Sequence[Entry]], bytes]) -> bytes | None:
        """All that waits in this form, made once for all connections that stand at the same place.

        None where it must be taken in another way.
        """

    def watch(self, watcher: Callable[[], None]) -> None: ...

    def unwatch(self, watcher: Callable[[], None]) -> None: ...


class _Cutting:
    """Cuts entries into writes without copying them whole."""

    def __init__(self) -> None:
        self._rest: deque[memoryview] = deque()
        self.passed = 0

    def _next(self) -> Iterable[bytes | memoryview] | None:
        """The next entry as it goes over the wire, in pieces; None when nothing waits."""
        raise NotImplementedError

    def take(self) -> bytes:
        taken, room = [], WRITE_BYTES
        while room:
            if not self._rest:
                pieces = self._next()
                if pieces is None:
                    break
                self.passed += 1
                self._rest.extend(memoryview(piece) for piece in pieces)
            piece = self._rest.popleft()
            taken.append(piece[:room])
            if len(piece) > room:
                self._rest.appendleft(piece[room:])
            room -= len(taken[-1])
        return b"".join(taken)

    def _bytes_left(self) -> int:
        return sum(map(len, self._rest))


class RunFeed(_Cutting):
    """One run's log."""

    def __init__(self, log: EventLog, last_event_id: str | None, *, as_lines: bool) -> None:
        super().__init__()
        self._log = log
        self._cursor = Cursor(log, last_event_id)
        self._as_lines = as_lines
        self.watch, self.unwatch = log.watch, log.unwatch

    @property
    def position(self) -> str | None:
        return self._cursor.id

    @property
    def has_nothing_left(self) -> bool:
        return self._log.ended and self._cursor.seen == len(self._log)

    @property
    def over(self) -> bool:
        return self._log.over

    @property
    def ended(self) -> bool:
        return self._log.ended

    @property
    def hung_up(self) -> bool:
        return self._log.hung_up

    def bytes_waiting(self) -> int:
        return self._bytes_left() + self._log.bytes_after(self._cursor.seen or 0)

    def _next(self) -> Iterable[memoryview] | None:
        entry = self._cursor.advance()
        return None if entry is None else [line_of(entry) if self._as_lines else memoryview(entry.frame)]

    def take_all(self, form: Callable[[Sequence[Entry]], bytes]) -> bytes | None:
        log, seen = self._log, self._cursor.seen
        if self._rest or seen is None:
            return None
        joined = log.joined(seen, form)
        if joined is not None:
            content, self._cursor.seen = joined
            self.passed += self._cursor.seen - seen
            return content
        return None


class RunsFeed(_Cutting):
    """Several runs' logs. The id of every event tells where all of them stand: `A=<epoch>:<number>,B=…`."""

    def __init__(self, logs: Sequence[EventLog], last_event_id: str | None, *, as_lines: bool) -> None:
        super().__init__()
        self._logs = logs
        given = dict(part.partition("=")[::2] for part in (last_event_id or "").split(",") if part)
        nonsense = last_event_id is not None and not given.keys() & {log.run_id for log in logs}
        self._cursors = [Cursor(log, "" if nonsense else given.get(log.run_id)) for log in logs]
        self._as_lines = as_lines

    @property
    def position(self) -> str | None:
        if any(cursor.seen is None for cursor in self._cursors):
            return None
        return ",".join(f"{log.run_id}={cursor.id}" for log, cursor in zip(self._logs, self._cursors, strict=True))

    @property
    def has_nothing_left(self) -> bool:
        return all(log.ended and cursor.seen == len(log) for log, cursor in zip(self._logs, self._cursors, strict=True))

    @property
    def over(self) -> bool:
        return all(log.over for log in self._logs)

    @property
    def ended(self) -> bool:
        return all(log.ended for log in self._logs)

    @property
    def hung_up(self) -> bool:
        return any(log.hung_up for log in self._logs)

    def bytes_waiting(self) -> int:
        return self._bytes_left() + sum(
            log.bytes_after(cursor.seen or 0) for log, cursor in zip(self._logs, self._cursors, strict=True)
        )

    def _next(self) -> Iterable[bytes | memoryview] | None:
        # Snapshots first: before the last of them nobody could tell where this client stands.
        for cursor in sorted(self._cursors, key=lambda cursor: cursor.seen is not None):
            entry = cursor.advance()
            if entry is not None:
                return [line_of(entry)] if self._as_lines else self._with_every_position(entry)
        return None

    def _with_every_position(self, entry: Entry) -> list[bytes | memoryview]:
        rest = memoryview(entry.frame)[entry.frame.index(b"\n") + 1 :]
        position = self.position
        return [rest] if position is None else [b"id: %s\n" % position.encode(), rest]

    def take_all(self, form: Callable[[Sequence[Entry]], bytes]) -> bytes | None:
        return None

    def watch(self, watcher: Callable[[], None]) -> None:
        for log in self._logs:
            log.watch(watcher)

    def unwatch(self, watcher: Callable[[], None]) -> None:
        for log in self._logs:
            log.unwatch(watcher)


def line_of(entry: Entry) -> memoryview:
    """The JSON of an entry with the line feed behind it."""
    return memoryview(entry.frame)[entry.frame.index(b"\ndata: ") + 7 : -1]
