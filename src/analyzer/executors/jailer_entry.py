"""What a supervisor is started with by name. The server only names these functions; the supervisor reaches its code.

As with workers, the code itself imports what computes, which the server process can do without.
"""

import importlib
import socket
from types import ModuleType

from analyzer.jail.entering import Walls

JAILER = "analyzer.executors.jailer"


def _jailer() -> ModuleType:
    return importlib.import_module(JAILER)


def supervise(server: socket.socket, walls: Walls) -> None:
    """Jail a child, wait for the run, see it through, and end."""
    _jailer().supervise(server, walls)


def report(server: socket.socket, base: str, wrapper: str) -> None:
    """Prove the layers here and tell the server."""
    _jailer().report(server, base, wrapper)
