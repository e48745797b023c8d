"""The program of the jail's forkserver: it forks a supervisor for whoever asks, and ends with the server.

It is asked on one socket, message by message: what the supervisor is to do, and with the message the socket it is to
do it on. It answers in the same order with a descriptor of the process it has forked. Multiprocessing's forkserver
does far more for every child, which takes some milliseconds of every run.
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
from typing import Any, NoReturn

from analyzer.executors import jailer

ORDER_BYTES = 64 * 1024
ACTS: dict[str, Callable[..., None]] = {"supervise": jailer.supervise, "report": jailer.report}


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
    while True:
        called = [end for end, _ in calls.poll()]
        if bell in called:
            _bury(bell)
        if server.fileno() in called:
            order, descriptors, _, _ = socket.recv_fds(server, ORDER_BYTES, 1)
            if not order:
                return
            _answer(server, order, socket.socket(fileno=descriptors[0]))


def _bury(bell: int) -> None:
    """Between two forks: until it has a descriptor, a child's number must be its own."""
    with suppress(BlockingIOError):
        while os.read(bell, 1024):
            pass
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG) != (0, 0):
            pass


def _answer(server: socket.socket, order: bytes, theirs: socket.socket) -> None:
    act, arguments = pickle.loads(order)  # noqa: S301 - of the server, and nobody else has the other end
    with theirs:
        try:
            pid = os.fork()
        except OSError as failure:
            server.send(json.dumps([failure.errno, failure.strerror]).encode())
            return
        if not pid:
            server.close()
            _act(ACTS[act], arguments, theirs)
    process = os.pidfd_open(pid)
    socket.send_fds(server, [b"[]"], [process])
    os.close(process)


def _act(act: Callable[..., None], arguments: tuple[Any, ...], theirs: socket.socket) -> NoReturn:
    """The rest of this process's life, which was forked for it."""
    status = 1
    try:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        act(theirs, *arguments)
        status = 0
    except BaseException:  # noqa: BLE001 - whatever it is, this process must not go on as a forkserver
        traceback.print_exc()
    finally:
        os._exit(status)
