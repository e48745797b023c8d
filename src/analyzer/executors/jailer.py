"""The code inside a supervisor: a process that jails one child, gives it one job, checks what it says, and ends.

It is forked for one run and holds nothing of any other. What it is asked and what it answers are frames of a kind and
a length with JSON inside; what the server reads here was checked before, and still it is never unpickled.
"""

import json
import os
import signal
import socket
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from analyzer.analyses.code import inside
from analyzer.analyses.code.results import (
    CodeResult,
    Printed,
    SessionTold,
    checked_emitted,
    checked_failure,
    checked_result,
)
from analyzer.errors import AnalyzerError, ResultInvalid, ResultTooLarge
from analyzer.jail.becoming import Act, Job
from analyzer.jail.channel import HEADER, RESULT, Message, Mouth, frame
from analyzer.jail.entering import Walls
from analyzer.jail.identity import die_with_parent
from analyzer.jail.proof import prove
from analyzer.jail.supervision import CannotJail, Jailed

NICENESS = 19  # as of every worker: the event loop is served first
KEPT_PARTS = 10  # of what may be printed, its first and its last tenth are kept
ERROR_OUTPUT = 2000

STANDS, SAYS, DONE, FAILED, OVER = b"Y", b"O", b"R", b"X", b"Z"
"""What a supervisor tells the server: ready for its job; something that was said; the result; a problem; a problem
after which no further job can be done here."""


def _begin() -> None:
    die_with_parent()  # which is the forkserver, and that ends with the server
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.nice(NICENESS)


def report(server: socket.socket, base: str, wrapper: str) -> None:
    """Prove the layers here and tell the server."""
    _begin()
    told = prove(base, wrapper)
    layers = [[layer.layer, layer.finding, layer.why] for layer in told.layers]
    server.sendall(frame(DONE, json.dumps(layers).encode()))


def supervise(server: socket.socket, walls: Walls) -> None:
    """Jail a child, see one run through, or one after the other if it lasts, and end."""
    _begin()
    try:
        jailed = Jailed(walls, act_in(inside.Workspace(lasting=walls.lasting)))
    except CannotJail as failure:
        server.sendall(frame(FAILED, json.dumps({"cannot": str(failure)}).encode()))
        return
    try:
        server.sendall(frame(STANDS, b""))
        jailed.look_at_rest()  # while the server hears of it
        while jailed.is_usable and jailed.lives_until(server.fileno()) and (asked := _receive(server)) is not None:
            server.sendall(_seen_through(jailed, asked, server))
    except (ConnectionError, BrokenPipeError):
        pass  # nobody waits for this run any more
    finally:
        jailed.end()


def _seen_through(jailed: Jailed, asked: Mapping[str, Any], server: socket.socket) -> bytes:
    """Do the run; the frame that tells its end."""
    kept = _Kept(jailed.output_bytes // KEPT_PARTS)
    tables: dict[str, int] = {}
    try:
        for name, path in asked["tables"].items():
            tables[name] = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        job = Job({"code": asked["code"], "save": asked["save_to"] is not None}, tables)
        final, table = jailed.run(job, partial(_hear, server, kept), server.fileno())
        result = _result(final, kept, asked["session"])
        if asked["save_to"] is not None:
            _keep_table(Path(asked["save_to"]), result, table)
        return frame(DONE, result.model_dump_json().encode())
    except AnalyzerError as failure:
        return _failed(failure, jailed)
    except MemoryError:
        return _failed(ResultTooLarge("What the code gave back is too large to be checked."), jailed)
    finally:
        for descriptor in tables.values():
            os.close(descriptor)


def _failed(failure: AnalyzerError, jailed: Jailed) -> bytes:
    return frame(FAILED if jailed.is_usable else OVER, json.dumps(failure.problem()).encode())


def _result(final: Message, kept: "_Kept", session: Mapping[str, Any] | None) -> CodeResult:
    if final.kind == RESULT:
        return checked_result(final.value, kept.printed, None if session is None else SessionTold(**session))
    raise checked_failure(final.value).error(kept.last)


def _keep_table(place: Path, result: CodeResult, pieces: list[bytes]) -> None:
    if result.kind != "table" or not pieces:
        raise ResultInvalid("Only a table can be kept as a dataset: the result is none.")
    with place.open("wb") as file:
        file.writelines(pieces)


def _hear(server: socket.socket, kept: "_Kept", stream: str, said: Any) -> None:
    """Pass on what was printed or emitted."""
    if stream != "emit":
        kept.add(said)
        told: dict[str, Any] = {"stream": stream, "text": said}
    else:
        emitted = checked_emitted(said)
        told = {"stream": "emit", "name": emitted.name}
        if emitted.content is not None:
            content = checked_result(emitted.content, Printed(text=""))
            told["content"] = content.model_dump(include={content.kind} | {"kind", "charts"}, mode="json")
        else:
            told["progress"] = {"done": emitted.done, "total": emitted.total, "message": emitted.message}
    server.sendall(frame(SAYS, json.dumps(told, allow_nan=False).encode()))


class _Kept:
    """The first and the last of what was printed."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._head = ""
        self._tail = ""
        self._left_out = 0

    def add(self, text: str) -> None:
        room = self._most - len(self._head)
        self._head += text[:room]
        self._tail += text[room:]
        if (excess := len(self._tail) - self._most) > 0:
            self._left_out += len(self._tail[:excess].encode())
            self._tail = self._tail[excess:]

    @property
    def printed(self) -> Printed:
        gap = f"\n… {self._left_out:,} bytes left out …\n" if self._left_out else ""
        return Printed(text=self._head + gap + self._tail, left_out_bytes=self._left_out)

    @property
    def last(self) -> str:
        """The last lines, to stand beside an error."""
        return (self._head + self._tail)[-ERROR_OUTPUT:]


def _receive(server: socket.socket) -> dict[str, Any] | None:
    """The run to do; None when the server has gone or wants none."""
    head = _exactly(server, HEADER.size)
    if head is None:
        return None
    _, length = HEADER.unpack(head)
    body = _exactly(server, length)
    asked: dict[str, Any] | None = None if body is None else json.loads(body)
    return asked


def _exactly(server: socket.socket, length: int) -> bytes | None:
    data = bytearray()
    while len(data) < length:
        piece = server.recv(length - len(data))
        if not piece:
            return None
        data += piece
    return bytes(data)


def act_in(workspace: inside.Workspace) -> Act:
    """What a jailed child does with its jobs."""

    def act(job: Job, mouth: Mouth) -> None:
        workspace.run(job.told["code"], job.tables, save=job.told["save"], send=mouth.say, send_bytes=mouth.send)

    return act
