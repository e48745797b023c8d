"""The jail's forkserver as the server sees it: a process with pandas imported that never sees anybody's data."""

import asyncio
import json
import pickle
import socket
import subprocess
from collections import deque
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from analyzer.executors.forkserver import launch

SERVE = """
import importlib
for name in {preload!r}:
    importlib.import_module(name)
from analyzer.executors.jailer_forks import serve
serve({descriptor})
"""
ANSWER_BYTES = 4096


class JailForkserver:
    """Forks supervisors. It is launched when it is not there and one is asked for, and ends when this process does.

    Multiprocessing's would do for every child what only some need, in a thread of ours, and so take several
    milliseconds of every run.
    """

    def __init__(self, preload: Sequence[str], environment: Mapping[str, str]) -> None:
        self._preload = list(preload)
        self._environment = environment
        self._process: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None  # as long as it lives
        self._asked: deque[asyncio.Future[int]] = deque()
        self._one_launches = asyncio.Lock()
        # The forkserver ends with the thread that launched it, so that is one that nobody else ends.
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="analyzer-jail-launcher")

    async def fork(self, act: str, arguments: tuple[Any, ...], theirs: socket.socket) -> "asyncio.Future[int]":
        """Ask for a supervisor that does this on `theirs`. Raises OSError when the forkserver has just died.

        What comes is a descriptor of its process, or OSError when there can be no more processes, or EOFError when the
        forkserver has died. It is for the caller to await, not to cancel, and to close.
        """
        loop = asyncio.get_running_loop()
        async with self._one_launches:
            if self._control is None:
                control = await loop.run_in_executor(self._thread, self._launch)
                loop.add_reader(control, self._hear, control)
                self._control = control
        try:
            socket.send_fds(self._control, [pickle.dumps((act, arguments))], [theirs.fileno()])
        except OSError:
            self.kill()
            raise
        self._asked.append(loop.create_future())
        return self._asked[-1]

    def _launch(self) -> socket.socket:
        self._bury()
        ours, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        ours.setblocking(False)
        with its:
            program = SERVE.format(preload=self._preload, descriptor=its.fileno())
            self._process = launch(program, self._environment, [its.fileno()])
        return ours

    def _bury(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def _hear(self, control: socket.socket) -> None:
        """It has forked, or it has died."""
        try:
            said, descriptors, _, _ = socket.recv_fds(control, ANSWER_BYTES, 1)
        except BlockingIOError:
            return
        except OSError:
            said, descriptors = b"", []
        if not said:
            self.kill()
        elif descriptors:
            self._asked.popleft().set_result(descriptors[0])
        else:
            self._asked.popleft().set_exception(OSError(*json.loads(said)))

    def kill(self) -> None:
        """End it, and all that it has forked; who waits for it learns of that."""
        if self._control is None or self._process is None:
            return
        self._process.kill()
        asyncio.get_running_loop().remove_reader(self._control)
        self._control.close()
        self._control = None
        while self._asked:
            self._asked.popleft().set_exception(EOFError("the forkserver of the jail has died"))

    async def aclose(self) -> None:
        """End it and wait until it is gone."""
        self.kill()
        await asyncio.get_running_loop().run_in_executor(self._thread, self._bury)
        self._thread.shutdown(wait=False)  # nothing is left for it to do
