"""A forkserver of our own, and the multiprocessing context that reaches it.

The one that comes with Python belongs to the host program: its preload list, its environment and the start method
are the host's to set. It also runs the host's `__main__` again in every child, so an unguarded script starts itself
over and dies. Ours is launched by our own exec with an environment we choose, and its children import nothing but
what they are sent.

Python's forkserver was made to be subclassed by Python alone, so a few of its inner names are used here, and only
here. The tests run on every version we support for that reason.
"""

import io
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from multiprocessing import context, popen_forkserver, process, reduction, resource_tracker, spawn, util
from multiprocessing.context import set_spawning_popen
from multiprocessing.forkserver import ForkServer, read_signed
from pathlib import Path
from typing import Any

KEPT_VARIABLES = ("PATH", "HOME", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR", "LD_LIBRARY_PATH")
"""What a worker sees of the host's environment. Keys and passwords live there too, so nothing else passes."""

ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
"""Parallelism comes from slots. Threads inside each would only compete, and BLAS threads do not survive a fork."""

MEMORY_OF_ITS_OWN = {
    "ARROW_DEFAULT_MEMORY_POOL": "system",  # one allocator for all, or what one lets go of is no use to the others
    "GLIBC_TUNABLES": f"glibc.malloc.mmap_threshold={32 << 20}:glibc.malloc.trim_threshold={64 << 20}",
}
"""A worker makes arrays and lets go of them all the time. By default each goes back to the system and is asked for anew
page by page, which takes as long as what is computed in it; so here only what is large, or much at the end, goes back
at once. What gathers nevertheless is given back between two pieces of work."""

BEGINNING = """
import ctypes, sys
if sys.platform == "linux":
    ctypes.CDLL(None).prctl(1, 9)  # PR_SET_PDEATHSIG, SIGKILL: it ends with the server, stopped or not
sys.path[:] = {path!r}
"""

SERVE = """
from multiprocessing.forkserver import main
main({listener}, {alive}, {preload!r})
"""


def clean_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """The part of the host's environment that a worker may see."""
    kept = {name: environment[name] for name in KEPT_VARIABLES if name in environment}
    return kept | ONE_THREAD | MEMORY_OF_ITS_OWN


def import_path() -> list[str]:
    """Where this process imports from, with the relative entry spelled out: a worker has another idea of here."""
    return [entry or str(Path.cwd()) for entry in sys.path]


def launch(program: str, environment: Mapping[str, str], descriptors: Sequence[int]) -> subprocess.Popen[bytes]:
    """Our own interpreter with a program of ours, and nothing of the host's but these descriptors. Blocks for some ms.

    On Linux it ends with the thread that launched it, which therefore has to live as long.
    """
    return subprocess.Popen(  # noqa: S603
        [os.fsdecode(spawn.get_executable()), "-I", "-c", BEGINNING.format(path=import_path()) + program],
        env=dict(environment),
        pass_fds=descriptors,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,  # what a worker prints must not end up in a command's output
        # Ctrl-C at the terminal is for the server, which ends its workers itself. It is no session of its own: Linux
        # would share the processors evenly between that and ours (sched(7), autogroup), however nice the workers are.
        process_group=0,
    )


def is_stopped(pid: int | None) -> bool:
    """Whether a signal has stopped the process. False where the system does not tell."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return status.rpartition(") ")[2].startswith("T")


class OwnForkServer(ForkServer):
    """Forks children that have `preload` imported already. Ends when this process does, however that happens.

    On Linux it ends with the thread that launched it, which therefore has to live as long.
    """

    def __init__(self, preload: Sequence[str], temporary: Path | None = None) -> None:
        """`temporary` is the folder for its socket, where that is not the system's for such things."""
        super().__init__()
        self._preload = list(preload)
        self._temporary = temporary
        self._process: subprocess.Popen[bytes] | None = None
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._alive: int | None = None

    def ensure_running(self) -> None:
        """Launch the forkserver, or launch it again if it died. Blocks for a few milliseconds."""
        resource_tracker.ensure_running()
        if self._process is not None and self._process.poll() is None:
            return
        self.close()
        # Short names: the path of a socket may have some hundred characters, and temporary folders can lie deep.
        prefix = "analyzer-" if self._temporary is None else ""
        self._folder = tempfile.TemporaryDirectory(prefix=prefix, dir=self._temporary, ignore_cleanup_errors=True)
        self._forkserver_address = str(Path(self._folder.name, "s"))
        # Children are handed this descriptor in place of the pipe that keeps the forkserver alive: with the pipe
        # itself they would hold it open, and outlive the server together with it.
        self._forkserver_alive_fd = os.open(os.devnull, os.O_RDONLY)
        alive_r, self._alive = os.pipe()
        try:
            with socket.socket(socket.AF_UNIX) as listener:
                listener.bind(self._forkserver_address)
                listener.listen()
                self._process = self._launch(listener.fileno(), alive_r)
        finally:
            os.close(alive_r)

    def _launch(self, listener: int, alive: int) -> subprocess.Popen[bytes]:
        program = SERVE.format(listener=listener, alive=alive, preload=self._preload)
        return launch(program, clean_environment(os.environ), (listener, alive))

    @property
    def is_stopped(self) -> bool:
        """Whether a signal has stopped it, so that whoever waits for a child of it waits for ever."""
        return self._process is not None and is_stopped(self._process.pid)

    def kill(self) -> None:
        """End the forkserver, from any thread; who waits for a child of it learns of that, and may launch it again."""
        if self._process is not None:
            self._process.kill()

    def close(self) -> None:
        """End the forkserver and wait until it is gone; where the system allows it, its children die with it."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None
        for descriptor in (self._alive, self._forkserver_alive_fd):
            if descriptor is not None:
                os.close(descriptor)
        self._alive = None
        self._forkserver_alive_fd = None  # type: ignore[assignment] # None stands for no server, as in the base
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None


def _close(*descriptors: int) -> None:
    for descriptor in descriptors:
        os.close(descriptor)


class _Popen(popen_forkserver.Popen):
    """Starts a child through our forkserver, telling it nothing about the host's `__main__`."""

    def _launch(self, child: "OwnProcess") -> None:
        message = io.BytesIO()
        set_spawning_popen(self)
        try:
            reduction.dump({"name": child.name, "sys_path": import_path()}, message)
            reduction.dump(child, message)
        finally:
            set_spawning_popen(None)
        self.sentinel, to_child = child.forkserver.connect_to_new_process(self._fds)  # type: ignore[attr-defined]
        # The child sees this copy close when the server ends.
        self.finalizer = util.Finalize(self, _close, (os.dup(to_child), self.sentinel))
        with os.fdopen(to_child, "wb") as pipe:
            pipe.write(message.getbuffer())
        self.pid = read_signed(self.sentinel)


class OwnProcess(process.BaseProcess):
    """A child of our forkserver."""

    _start_method = "forkserver"
    forkserver: OwnForkServer

    @staticmethod
    def _Popen(child: "OwnProcess") -> _Popen:  # noqa: N802 - multiprocessing calls it so
        return _Popen(child)

    def __getstate__(self) -> dict[str, Any]:
        state = {name: value for name, value in vars(self).items() if name != "forkserver"}
        # The key with which the host's processes know each other is none of a child's business.
        no_key = process.AuthenticationString()  # type: ignore[attr-defined] # the stubs leave it out
        return state | {"_config": state["_config"] | {"authkey": no_key}}


class OwnContext(context.BaseContext):
    """A multiprocessing context whose processes come from one forkserver of our own."""

    _name = "forkserver"

    def __init__(self, forkserver: OwnForkServer) -> None:
        self.forkserver = forkserver

    def Process(self, *args: Any, **kwargs: Any) -> OwnProcess:  # noqa: N802 - multiprocessing calls it so
        child = OwnProcess(*args, **kwargs)
        child.forkserver = self.forkserver
        return child
