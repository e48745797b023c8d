"""What a pool is given by name. The server only names these functions; inside a worker they reach for its code.

The worker's own module imports pyarrow and the catalogue, which the server process can do without.
"""

import importlib
import pickle
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType

from analyzer.executors.parcels import receive, send
from analyzer.registry import DECORATED

WORKER = "analyzer.executors.worker"


def _worker() -> ModuleType:
    return importlib.import_module(WORKER)


def begin(decorated: Mapping[str, str]) -> None:
    """Prepare a fresh worker; `decorated` are the analyses that the host made with `@analysis`."""
    DECORATED.update(decorated)
    _worker().begin()


def ready() -> int:
    """The pid of this worker. That it answers shows that it is warm."""
    pid: int = _worker().ready()
    return pid


def perform(question: bytes | None, place: str) -> bytes | None:
    """Do the work that `question` names; `place` is the file for what is too long for the pipe."""
    work = pickle.loads(receive(question, Path(place)))  # noqa: S301 - the server wrote it
    return send(pickle.dumps(_worker().perform(work), protocol=5), Path(place))
