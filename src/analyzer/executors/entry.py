"""What a pool is given by name. The server only names these functions; inside a worker they reach for its code.

The worker's own module imports pyarrow and the catalogue, which the server process can do without.
"""

import importlib
import pickle
import socket
import time
import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from analyzer.errors import AnalyzerError
from analyzer.executors.base import WorkFailed
from analyzer.executors.parcels import framed, pick_up, receive, set_down
from analyzer.registry import DECORATED

WORKER = "analyzer.executors.worker"

SILENCE_SECONDS = 1.0
"""After so long without a question a conversation ends, and the server begins another one. An interpreter that exits
without having closed its pools waits for what they do, so they must do nothing for ever."""


@dataclass(frozen=True)
class Outcome:
    """How a piece of work ended: with a value, or with what was raised."""

    value: Any = None
    failure: Exception | None = None
    cpu_seconds: float = 0.0  # that the worker has taken since it began, all its threads together


@dataclass(frozen=True)
class _Ends:
    """Where this worker is asked, and where what is too long for that lies."""

    line: socket.socket
    place: Path


_ends: list[_Ends] = []  # one, in a worker that has begun


def _worker() -> ModuleType:
    return importlib.import_module(WORKER)


def begin(decorated: Mapping[str, str], line: socket.socket, place: str, niceness: int, kept_bytes: int) -> None:
    """Prepare a fresh worker; `decorated` are the analyses that the host made with `@analysis`."""
    DECORATED.update(decorated)
    _ends.append(_Ends(line, Path(place)))
    _worker().begin(niceness, kept_bytes)


def ready() -> int:
    """The pid of this worker. That it answers shows that it is warm."""
    pid: int = _worker().ready()
    return pid


def converse() -> None:
    """Answer what is asked, until nothing is."""
    ends = _ends[0]
    while (question := receive(ends.line, SILENCE_SECONDS)) is not None:
        try:
            answer = _answered(question, ends.place)
        except MemoryError as failure:  # a small thing to say, when a large one was too much
            answer = _told(failure=failure)
        ends.line.sendall(framed(answer))


def _answered(question: bytes, place: Path) -> bytes:
    try:
        work = pickle.loads(pick_up(question, place))  # noqa: S301 - the server wrote it
        return set_down(_told(_worker().perform(work)), place)
    except (AnalyzerError, WorkFailed, OSError) as failure:
        return _told(failure=failure)
    except MemoryError:
        raise
    except BaseException:  # noqa: BLE001 - an analysis that calls sys.exit must not end more than its part
        return _told(failure=WorkFailed(traceback.format_exc()))


def _told(value: Any = None, failure: Exception | None = None) -> bytes:
    return pickle.dumps(Outcome(value, failure, time.process_time()), protocol=5)
