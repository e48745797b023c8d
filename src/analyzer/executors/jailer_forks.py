"""The program of the jail's forkserver: whoever asks gets a supervisor, and it ends with the server.

It is asked on one socket, message by message: what the supervisor is to do, and with the message the socket it is to
do it on. It answers in the same order with a descriptor of the process. Multiprocessing's forkserver does far more for
every child, which takes some milliseconds of every run.

It is one fork ahead: a process that knows of nobody yet waits to be told what it is for, since half of what it takes to
begin a supervisor is to copy this process.
"""

import json
import os
import pickle
import select
import signal
import socket
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import NoReturn

from analyzer.executors import jailer
from analyzer.jail.identity import die_with_parent

ORDER_BYTES = 64 * 1024
PAUSE_MS = 20  # before the next fork: the supervisor that was just asked for has the processors first
ACTS: dict[str, Callable[..., None]] = {"supervise": jailer.supervise, "report": jailer.report}


@dataclass
class _Child:
    """A forked process that waits for its order."""

    orders: socket.socket
    process: int  # a descriptor, which names it even when its number is another's

    def close(self) -> None:
        self.orders.close()
        os.close(self.process)


def serve(descriptor: int) -> None:
    """Fork until the server hangs up."""
    server = socket.socket(fileno=descriptor)
    bell, clapper = os.pipe()
    for end in (bell, clapper):
        os.set_blocking(end, False)
    signal.set_wakeup_fd(clapper)
    signal.signal(signal.SIGCHLD, lambda *_: None)  # or it would not ring
    calls = select.poll()
    calls.register(server, select.POLLIN)
    calls.register(bell, select.POLLIN)
    ahead: _Child | None = None
    while True:
        called = [end for end, _ in calls.poll(PAUSE_MS if ahead is None else None)]
        if bell in called:
            _bury(bell)
        if server.fileno() in called:
            order, descriptors, _, _ = socket.recv_fds(server, ORDER_BYTES, 1)
            if not order:
                return
            _answer(server, ahead, order, descriptors[0])
            ahead = None
        elif not called:
            with suppress(OSError):  # whoever asks next is told
                ahead = _fork()


def _bury(bell: int) -> None:
    """Between two forks: until it has a descriptor, a child's number must be its own."""
    with suppress(BlockingIOError):
        while os.read(bell, 1024):
            pass
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG) != (0, 0):
            pass


def _answer(server: socket.socket, ahead: _Child | None, order: bytes, theirs: int) -> None:
    """Give the order to the one that waits, or to a new one where there is none or somebody has killed it."""
    try:
        child = ahead or _fork()
        try:
            socket.send_fds(child.orders, [order], [theirs])
        except OSError:
            child.close()
            child = _fork()
            socket.send_fds(child.orders, [order], [theirs])
    except OSError as failure:
        server.send(json.dumps([failure.errno, failure.strerror]).encode())
        return
    finally:
        os.close(theirs)
    socket.send_fds(server, [b"[]"], [child.process])
    child.close()


def _fork() -> _Child:
    """Raises OSError."""
    ours, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    forkserver = os.getpid()
    try:
        pid = os.fork()
    except OSError:
        ours.close()
        its.close()
        raise
    if not pid:
        _live(its, forkserver)
    its.close()
    return _Child(ours, os.pidfd_open(pid))


def _live(orders: socket.socket, forkserver: int) -> NoReturn:
    """The rest of this process's life, which was forked for one order."""
    status = 1
    try:
        die_with_parent()
        if os.getppid() == forkserver:  # else it has ended before we asked, and nobody would end us
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            _obey(orders)
        status = 0
    except BaseException:  # noqa: BLE001 - whatever it is, this process must not go on as a forkserver
        traceback.print_exc()
    finally:
        os._exit(status)


def _obey(orders: socket.socket) -> None:
    os.closerange(3, orders.fileno())  # the forkserver's own ends; they must close when it does
    os.closerange(orders.fileno() + 1, os.sysconf("SC_OPEN_MAX"))
    order, descriptors, _, _ = socket.recv_fds(orders, ORDER_BYTES, 1)
    if order:
        orders.close()
        act, arguments = pickle.loads(order)  # noqa: S301 - of the server, and nobody else has the other end
        with socket.socket(fileno=descriptors[0]) as theirs:
            ACTS[act](theirs, *arguments)
