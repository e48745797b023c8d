"""Waiting for facts, and asking the system what is there."""

import asyncio
import os
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import psutil

PATIENCE_SECONDS = 30.0


async def until(fact: Callable[[], object], what: str = "", seconds: float = PATIENCE_SECONDS) -> None:
    """Returns when the fact holds; fails when it does not come true."""
    deadline = time.monotonic() + seconds
    while not fact():
        assert time.monotonic() < deadline, f"waited in vain: {what or fact}"
        await asyncio.sleep(0.005)


def alive(pid: int) -> bool:
    """Whether the process is there and not merely waiting to be buried."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def family(pid: int | None = None) -> set[int]:
    """The processes that descend from this one, but for multiprocessing's tracker, which ends with it by itself."""
    children = psutil.Process(pid or os.getpid()).children(recursive=True)
    return {child.pid for child in children if "resource_tracker" not in _command(child)}


def jailed(server: int | None = None) -> set[int]:
    """Of the processes below this one, the supervisors that have a child, and their children."""
    found: set[int] = set()
    for forkserver in psutil.Process(server or os.getpid()).children():
        with suppress(psutil.NoSuchProcess):
            for child in forkserver.children():
                below = {process.pid for process in child.children(recursive=True)}
                found |= below | {child.pid} if below else set()
    return found


def _command(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.NoSuchProcess:
        return ""


class Gate:
    """A folder at which parts of `test_gate` wait."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(exist_ok=True)

    @property
    def pids(self) -> list[int]:
        """The workers that wait at the gate or passed it."""
        return [int(mark.name.split()[-1]) for mark in self.folder.iterdir() if not mark.name.startswith("open")]

    async def reached(self, parts: int = 1) -> list[int]:
        await until(lambda: len(self.pids) >= parts, f"{parts} parts at the gate")
        return self.pids

    def open(self, part: str = "") -> None:
        """For all parts, or for the one of this name."""
        (self.folder / f"open {part}".rstrip()).touch()

    def shut(self) -> None:
        """For all who come from now on."""
        (self.folder / "open").unlink()
