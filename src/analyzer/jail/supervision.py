"""One jailed process: started, fed, watched, and ended."""

import array
import codecs
import fcntl
import json
import os
import resource
import select
import signal
import socket
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from analyzer.errors import AnalyzerError, CpuLimit, Crashed, MemoryLimit, OutputLimit, RunTimeout
from analyzer.jail import identity, places
from analyzer.jail.channel import CHUNK_BYTES, ERROR, HEADER, READY, Ear, Message, Mouth, frame
from analyzer.jail.entering import Walls, enter, prepare
from analyzer.jail.limits import KIB, Limits

POLL_SECONDS = 0.1
OUTPUT_PAUSE_SECONDS = 0.02  # what is printed in between goes out together
CPU_TOLERANCE_SECONDS = 0.25  # what the kernel counts for the limit and what it tells afterwards differ a little
MOST_TABLES = 250  # as many descriptors go into one message
STREAMS = ("stdout", "stderr")


@dataclass(frozen=True)
class Job:
    """What a jailed process is to do: names, values, and the open tables."""

    told: dict[str, Any]
    tables: Mapping[str, int]


Act = Callable[[Job, Mouth], None]
"""What the jailed process does with a job."""

Hear = Callable[[str, Any], None]
"""Told of what the process prints, as (stream, text), and of what it emits, as ("emit", value)."""


class CannotJail(Exception):
    """The walls could not be put up; nothing has run."""


class Jailed:
    """A process behind its walls, waiting for its one job."""

    def __init__(self, walls: Walls, act: Act) -> None:
        """Raises CannotJail. The calling process is used up by this: it must have no threads, and can jail no other."""
        self._limits = walls.limits
        ours, theirs = socket.socketpair()
        self._jobs = ours
        pipes = [os.pipe() for _ in range(3)]
        try:
            prepare(walls)
            self.pid = os.fork()
        except OSError as failure:
            raise CannotJail(f"{failure.filename or 'fork'}: {failure.strerror}") from failure
        if not self.pid:
            _become_jailed(walls, act, theirs.fileno(), [writing for _, writing in pipes])
        theirs.close()
        for _, writing in pipes:
            os.close(writing)
        self._said, *printed = (reading for reading, _ in pipes)
        self._printed = dict(zip(printed, STREAMS, strict=True))
        for reading in (self._said, *printed):
            os.set_blocking(reading, False)
        self._status: int | None = None
        self._await_ready()

    def _await_ready(self) -> None:
        select.select([self._said], [], [])
        answer = os.read(self._said, CHUNK_BYTES)
        if answer != frame(READY, b""):
            self.end()
            raise CannotJail(answer[HEADER.size :].decode(errors="replace") or f"it ended with status {self._status}")
        self._bytes_at_rest = self._usage()[0]

    @property
    def output_bytes(self) -> int:
        """How much it may print."""
        return self._limits.output_bytes

    def run(self, job: Job, hear: Hear, abandoned: int) -> tuple[Message, list[bytes]]:
        """Let it do the job. Returns its final message and the pieces of a table it gave back.

        `abandoned` is a descriptor that becomes readable when nobody waits any more. Raises the AnalyzerError that
        ended it, and ConnectionAbortedError when nobody waits. Once this is over the process is to be ended.
        """
        _send(self._jobs, job)
        watch = _Watch(self._limits, hear)
        began = time.monotonic()
        while True:
            now = time.monotonic()
            self._check_walls(now - began)
            printed = list(self._printed) if watch.readable(now) else []
            pause = POLL_SECONDS if printed or not self._printed else OUTPUT_PAUSE_SECONDS
            ready = _wait([self._said, *printed, abandoned], pause)
            if abandoned in ready:
                raise ConnectionAbortedError
            for descriptor in ready:
                if descriptor in self._printed:
                    self._read_printed(descriptor, watch)
            if self._said in ready and (final := self._read_said(watch)) is not None:
                for descriptor in tuple(self._printed):
                    self._read_printed(descriptor, watch)
                watch.finish()
                return final, watch.table

    def _read_said(self, watch: "_Watch") -> Message | None:
        data = os.read(self._said, CHUNK_BYTES)
        if data:
            return watch.hear_all(data)
        for descriptor in tuple(self._printed):
            self._read_printed(descriptor, watch)
        watch.finish()
        watch.ear.end()
        raise self._verdict()

    def _read_printed(self, descriptor: int, watch: "_Watch") -> None:
        """All that was printed so far."""
        while True:
            try:
                data = os.read(descriptor, CHUNK_BYTES)
            except BlockingIOError:
                return
            if not data:
                del self._printed[descriptor]
                os.close(descriptor)
                return
            watch.print(self._printed[descriptor], data)

    def _check_walls(self, elapsed: float) -> None:
        if elapsed > self._limits.wall_seconds:
            seconds = self._limits.wall_seconds
            raise RunTimeout(f"The code took longer than {seconds:g} seconds.", limit=seconds)
        used, threads = self._usage()
        if used - self._bytes_at_rest > self._limits.memory_bytes:
            raise _too_much_memory(self._limits)
        if threads > self._limits.threads:
            raise MemoryLimit(f"The code started {threads} threads.", limit=self._limits.threads)

    def _usage(self) -> tuple[int, int]:
        """Memory that is no file's, and threads."""
        memory, threads = 0, 0
        with suppress(OSError):
            for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
                name, _, value = line.partition(":")
                if name in ("RssAnon", "RssShmem"):
                    memory += int(value.split()[0]) * KIB
                elif name == "Threads":
                    threads = int(value)
        return memory, threads

    def _verdict(self) -> AnalyzerError:
        """Why a process has ended that did not say."""
        used = self.end()
        assert self._status is not None
        if os.WIFSIGNALED(self._status):
            number = os.WTERMSIG(self._status)
            if number in (signal.SIGKILL, signal.SIGXCPU) and used >= self._limits.cpu_seconds - CPU_TOLERANCE_SECONDS:
                seconds = self._limits.cpu_seconds
                return CpuLimit(f"The code used more than {seconds} seconds of processor time.", limit=seconds)
            return Crashed(f"The code ended its process with {signal.Signals(number).name}.")
        return Crashed(f"The code ended its process with exit status {os.WEXITSTATUS(self._status)}.")

    def end(self) -> float:
        """Kill it, if it is not dead yet, and all its namespace; wait until it is gone. Returns the seconds it used."""
        if self._status is not None:
            return 0.0
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
        _, self._status, usage = os.wait4(self.pid, 0)
        return usage.ru_utime + usage.ru_stime


class _Watch:
    """What has been heard of one job so far."""

    def __init__(self, limits: Limits, hear: Hear) -> None:
        self.ear = Ear(limits)
        self.table: list[bytes] = []
        self._limits = limits
        self._hear = hear
        self._printed_bytes = 0
        self._printed_at = 0.0
        self._decoders = {stream: codecs.getincrementaldecoder("utf-8")("replace") for stream in STREAMS}

    def readable(self, now: float) -> bool:
        return now - self._printed_at >= OUTPUT_PAUSE_SECONDS

    def print(self, stream: str, data: bytes) -> None:
        self._printed_bytes += len(data)
        self._printed_at = time.monotonic()
        if text := self._decoders[stream].decode(data):
            self._hear(stream, text)
        if self._printed_bytes > self._limits.output_bytes:
            raise OutputLimit(
                f"The code printed more than {self._limits.output_bytes:,} bytes.", limit=self._limits.output_bytes
            )

    def finish(self) -> None:
        """Half a character at the end is told as such."""
        for stream, decoder in self._decoders.items():
            if text := decoder.decode(b"", final=True):
                self._hear(stream, text)

    def hear_all(self, data: bytes) -> Message | None:
        """Take what was said; the final message, if it is there."""
        for message in self.ear.feed(data):
            if message.is_final:
                return message
            if message.data:
                self.table.append(message.data)
            else:
                self._hear("emit", message.value)
        return None


def _too_much_memory(limits: Limits) -> MemoryLimit:
    return MemoryLimit(
        f"The code needed more than the {limits.memory_bytes:,} bytes of memory it may use. "
        "The operator can allow more with ANALYZER_JAIL_MEMORY_BYTES.",
        limit=limits.memory_bytes,
    )


def _wait(descriptors: list[int], seconds: float) -> list[int]:
    poll = select.poll()
    for descriptor in descriptors:
        poll.register(descriptor, select.POLLIN)
    return [descriptor for descriptor, _ in poll.poll(seconds * 1000)]


def _send(jobs: socket.socket, job: Job) -> None:
    told = json.dumps(job.told | {"tables": list(job.tables)}).encode()
    ancillary = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", job.tables.values()))]
    try:
        jobs.sendmsg([HEADER.pack(READY, len(told))], ancillary)
        jobs.sendall(told)
    except OSError as failure:
        raise Crashed("The jailed process was gone before the code could start.") from failure


# --- inside -----------------------------------------------------------------------------------------------------------


def _become_jailed(walls: Walls, act: Act, jobs: int, writing: list[int]) -> None:
    """The rest of this process's life: put up the walls, say so, do the one job that comes, end."""
    mouth = Mouth(4)
    try:
        identity.die_with_parent()
        _arrange([os.open(os.devnull, os.O_RDONLY), writing[1], writing[2], jobs, writing[0]])
        sys.path[:] = places.import_path()
        enter(walls)
    except (OSError, ValueError) as failure:
        mouth.send(ERROR, f"{getattr(failure, 'filename', '') or ''}: {failure}".encode())
        os._exit(1)
    try:
        mouth.send(READY, b"")
        job = _receive(3)
        os.close(3)
        act(job, mouth)
    finally:
        os._exit(0)


def _arrange(descriptors: list[int]) -> None:
    """Make these descriptors 0, 1, 2, … and close all others."""
    high = [fcntl.fcntl(descriptor, fcntl.F_DUPFD, len(descriptors)) for descriptor in descriptors]
    for place, descriptor in enumerate(high):
        os.dup2(descriptor, place)
    os.closerange(len(descriptors), resource.getrlimit(resource.RLIMIT_NOFILE)[0])


def _receive(jobs: int) -> Job:
    with socket.socket(fileno=os.dup(jobs)) as connection:
        head, ancillary, _, _ = connection.recvmsg(HEADER.size, socket.CMSG_SPACE(4 * MOST_TABLES))
        if len(head) < HEADER.size:  # the supervisor is gone
            os._exit(0)
        _, length = HEADER.unpack(head)
        told = bytearray()
        while len(told) < length:
            piece = connection.recv(length - len(told))
            if not piece:
                os._exit(0)
            told += piece
    descriptors = array.array("i")
    for _, _, data in ancillary:
        descriptors.frombytes(data)
    value = json.loads(told)
    return Job(value, dict(zip(value["tables"], descriptors, strict=True)))
