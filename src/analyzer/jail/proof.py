"""Each layer tried alone, and then all together, by a process that does what they forbid."""

import ctypes
import json
import os
import resource
import socket
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NoReturn

from analyzer.jail import bubblewrap, landlock, places
from analyzer.jail.entering import Walls, enter, is_root, prepare
from analyzer.jail.levels import Finding, Layer, LayerReport, Report, absent_everywhere
from analyzer.jail.limits import MIB, Limits
from analyzer.jail.syscalls import syscall

PROOF_LIMITS = Limits(cpu_seconds=10, memory_bytes=64 * MIB, scratch_bytes=MIB, scratch_files=16)
MOST_SAID = 4000

WRAPPED = "analyzer.jail.wrapped"
NOT_LINUX = "the jail is made of what Linux offers"


@dataclass(frozen=True)
class Bait:
    """What a process behind walls tries to get at."""

    file: str
    folder: str
    port: int
    abstract: str
    victim: int


def prove(base: str, wrapper: str = "") -> Report:
    """What holds here. `base` is an empty folder to build roots in, `wrapper` the bubblewrap that makes namespaces.

    Forks, so only for a process without threads.
    """
    if sys.platform != "linux":
        return absent_everywhere(NOT_LINUX)
    with _baited() as bait:
        trial = Trial(base, wrapper, bait)
        reports = [_report(layer, trial) for layer in Layer]
        together = frozenset(report.layer for report in reports if report.finding is Finding.PROVED)
        if wrapper and Layer.NAMESPACES not in together:  # nothing is run in another way than was asked for
            (why,) = (report.why for report in reports if report.layer is Layer.NAMESPACES)
            return _all_failed(f"bubblewrap does not work here: {why}")
        if together and (said := _try(together, trial, together)):
            return _all_failed(f"all together: {said}")
    return Report(tuple(reports))


def _all_failed(why: str) -> Report:
    return Report(tuple(LayerReport(layer, Finding.FAILED, why) for layer in Layer))


def _report(layer: Layer, trial: "Trial") -> LayerReport:
    if layer is Layer.LANDLOCK and not landlock.abi():
        return LayerReport(layer, Finding.ABSENT, "the kernel has no Landlock, or does not let us use it")
    if layer is Layer.IDENTITY and is_root() and (closed := places.unreachable_for_others()) is not None:
        # With a root of its own the jail is shown Python where everybody can reach it.
        if _try(frozenset({Layer.NAMESPACES}), trial, ()):
            return LayerReport(layer, Finding.FAILED, f"Python is in {closed}, which only its owner may enter")
        said = _try(frozenset({Layer.NAMESPACES, layer}), trial, (layer,))
    else:
        said = _try(frozenset({layer}), trial, (layer,))
    return LayerReport(layer, Finding.FAILED if said else Finding.PROVED, said)


def _try(layers: frozenset[Layer], trial: "Trial", acting: Iterable[Layer]) -> str:
    """Put up these layers and try what some of them forbid. Returns what went wrong: nothing, when no act succeeded."""
    reading, writing = os.pipe()
    supervisor = os.fork()
    if not supervisor:
        os.close(reading)
        os._exit(_supervise(layers, trial, acting, writing))
    os.close(writing)
    with os.fdopen(reading, "rb") as said:
        text = said.read(MOST_SAID).decode(errors="replace")
    _, status = os.waitpid(supervisor, 0)
    if text.startswith("{"):
        allowed: list[str] = json.loads(text)["allowed"]
        return f"it was possible to {', '.join(allowed)}" if allowed else ""
    return text or f"the process under trial ended with status {status}"


def _supervise(layers: frozenset[Layer], trial: "Trial", acting: Iterable[Layer], writing: int) -> int:
    try:
        walls = Walls(layers, PROOF_LIMITS, trial.base, bubblewrap=trial.wrapper)
        prepare(walls)
        child = os.fork()
        if not child:
            if trial.wrapper and Layer.NAMESPACES in layers:
                _be_wrapped(walls, trial, acting, writing)
            enter(walls)
            os.write(writing, tried(acting, asdict(trial.bait)))
            os._exit(0)
        os.waitpid(child, 0)
    except (OSError, ValueError) as failure:
        os.write(writing, worded(failure).encode())
    return 0


def _be_wrapped(walls: Walls, trial: "Trial", acting: Iterable[Layer], writing: int) -> NoReturn:
    os.set_inheritable(writing, True)
    os.dup2(writing, 2)  # what bubblewrap has to complain about
    told = {"acting": sorted(acting), "bait": asdict(trial.bait), "writing": writing}
    bubblewrap.execute(walls, WRAPPED, **told)


def tried(acting: Iterable[str], bait: Mapping[str, Any]) -> bytes:
    """What of all that these layers forbid was possible, as JSON."""
    baited = Bait(**bait)
    acts = [act for layer in Layer if layer in tuple(acting) for act in _acts(layer, baited)]
    return json.dumps({"allowed": [act.name for act in acts if act.succeeds()]}).encode()


def worded(failure: OSError | ValueError) -> str:
    """What could not be done."""
    if isinstance(failure, OSError) and failure.filename:
        return f"{failure.filename}: {failure.strerror}"
    return str(failure)


@dataclass(frozen=True)
class Trial:
    """Where, by which program and with what it is tried."""

    base: str
    wrapper: str
    bait: Bait


@dataclass(frozen=True)
class Act:
    """Something forbidden. It succeeds unless it raises OSError, MemoryError or what ctypes makes of an error."""

    name: str
    does: Callable[[], object]

    def succeeds(self) -> bool:
        try:
            self.does()
        except (OSError, MemoryError):
            return False
        return True


@contextmanager
def _baited() -> Iterator[Bait]:
    with ExitStack() as opened:
        folder = opened.enter_context(tempfile.TemporaryDirectory(prefix="analyzer-bait-"))
        Path(folder).chmod(0o755)
        file = Path(folder, "bait")
        file.write_text("bait")
        listener = opened.enter_context(socket.create_server(("127.0.0.1", 0)))
        abstract = opened.enter_context(socket.socket(socket.AF_UNIX))
        name = f"\0analyzer-bait-{os.getpid()}"
        abstract.bind(name)
        abstract.listen()
        yield Bait(str(file), folder, listener.getsockname()[1], name, os.getpid())


def _acts(layer: Layer, bait: Bait) -> tuple[Act, ...]:
    """What the layer alone must make impossible."""
    match layer:
        case Layer.LIMITS:
            return (Act("take too much memory", _hoard), Act("open too many files", _open_many))
        case Layer.IDENTITY:
            return (Act("become root", lambda: os.setuid(0)), Act("change the root folder", lambda: os.chroot("/")))
        case Layer.NAMESPACES:
            return (_reads(bait), _signals(bait), _connects(bait), _talks(bait))
        case Layer.LANDLOCK:
            version = landlock.abi()
            acts: tuple[Act, ...] = (
                _reads(bait),
                Act("write a file", lambda: Path(bait.folder, "written").write_text("x")),
            )
            if version >= landlock.NETWORK_ABI:
                acts = (*acts, _connects(bait))
            if version >= landlock.SCOPE_ABI:
                acts = (*acts, _talks(bait), _signals(bait))
            return acts
        case Layer.SECCOMP:
            return (
                Act("open a socket", lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM)),
                Act("start a program", lambda: os.execv(sys.executable, ["python", "-c", ""])),  # noqa: S606
                Act("start a process", _fork),
                _signals(bait),
                Act("trace a process", lambda: syscall("ptrace", 16, bait.victim, 0, 0)),
                Act("change a mode", lambda: Path(bait.file).chmod(0o600)),
                Act("make a user namespace", lambda: syscall("unshare", 0x10000000)),
                Act("keep memory that no limit counts", lambda: os.memfd_create("bait")),
            )


def _reads(bait: Bait) -> Act:
    return Act("read a file", lambda: Path(bait.file).read_text())


def _signals(bait: Bait) -> Act:
    return Act("signal a process", lambda: os.kill(bait.victim, 0))


def _connects(bait: Bait) -> Act:
    return Act("connect to a port", lambda: socket.create_connection(("127.0.0.1", bait.port), timeout=1).close())


def _talks(bait: Bait) -> Act:
    def talk() -> None:
        with socket.socket(socket.AF_UNIX) as caller:
            caller.connect(bait.abstract)

    return Act("connect to an abstract socket", talk)


def _hoard() -> None:
    kept = ctypes.create_string_buffer(2 * PROOF_LIMITS.memory_bytes)
    kept[0] = b"x"


def _open_many() -> None:
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft > PROOF_LIMITS.open_files:
        return
    opened: list[int] = []
    try:
        opened.extend(os.dup(0) for _ in range(soft + 1))
    finally:
        for descriptor in opened:
            os.close(descriptor)


def _fork() -> None:
    if not os.fork():
        os._exit(0)
