"""One jailed process: started, fed, watched, and ended."""

import array
import json
import os
import select
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from analyzer.errors import AnalyzerError, CpuLimit, Crashed, MemoryLimit, RunTimeout
from analyzer.jail.becoming import Act, Job, become_jailed
from analyzer.jail.channel import CHUNK_BYTES, HEADER, READY, Message, frame
from analyzer.jail.entering import Walls, prepare
from analyzer.jail.limits import KIB, Limits
from analyzer.jail.watching import OUTPUT_PAUSE_SECONDS, STREAMS, Hear, Watch

POLL_SECONDS = 0.1
CPU_SHARE = 0.75  # what the kernel counts for the limit, by its ticks, and what it tells afterwards differ
SIGNALLED = 128  # with this and the number of the signal ends who waited for what a signal has ended
TICKS = os.sysconf("SC_CLK_TCK")


class CannotJail(Exception):
    """The walls could not be put up; nothing has run."""


class Jailed:
    """A process behind its walls, waiting for its job: the only one, or the next one if it lasts.

    Between two jobs one that lasts is stopped, so that nothing it has left running goes on unwatched.
    """

    def __init__(self, walls: Walls, act: Act) -> None:
        """Raises CannotJail. The calling process is used up by this: it must have no threads, and can jail no other."""
        self._limits = walls.limits
        self._lasting = walls.lasting
        self._wrapped = bool(walls.bubblewrap)
        self.is_usable = True  # for another job, if it lasts
        ours, theirs = socket.socketpair()
        self._jobs = ours
        pipes = [os.pipe() for _ in range(3)]
        try:
            prepare(walls)
            self.pid = os.fork()
        except OSError as failure:
            raise CannotJail(f"{failure.filename or 'fork'}: {failure.strerror}") from failure
        if not self.pid:
            said, *printed = (writing for _, writing in pipes)
            nothing = os.open(os.devnull, os.O_RDONLY)
            become_jailed(walls, act, [nothing, *printed, theirs.fileno(), said])
        theirs.close()
        for _, writing in pipes:
            os.close(writing)
        self._said, *printed = (reading for reading, _ in pipes)
        self._printed = dict(zip(printed, STREAMS, strict=True))
        for reading in (self._said, *printed):
            os.set_blocking(reading, False)
        self._status: int | None = None
        self._at_work = self.pid  # which bubblewrap, if it is there, only waits for
        self._bytes_at_rest, self._cpu_before = 0, 0.0
        self._await_ready()

    def _await_ready(self) -> None:
        select.select([self._said], [], [])
        answer = os.read(self._said, CHUNK_BYTES)
        if answer != frame(READY, b""):
            said = answer[HEADER.size :] or b"".join(self._printed_so_far())
            self.end()
            raise CannotJail(said.decode(errors="replace") or f"it ended with status {self._status}")
        self._at_work = self._child_of_wrapper() if self._wrapped else self.pid

    def _printed_so_far(self) -> Iterator[bytes]:
        for descriptor in self._printed:
            with suppress(BlockingIOError):
                yield os.read(descriptor, CHUNK_BYTES)

    def _child_of_wrapper(self) -> int:
        """The process that bubblewrap waits for. Raises CannotJail when it has gone already."""
        try:
            (child,) = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()
        except (OSError, ValueError) as failure:
            raise CannotJail("what bubblewrap has started cannot be found") from failure
        return int(child)

    def look_at_rest(self) -> None:
        """See what it has and has used before its first job, of which that is not to be counted."""
        self._bytes_at_rest, self._cpu_before = self._usage()[0], self._cpu_seconds()

    @property
    def output_bytes(self) -> int:
        """How much it may print."""
        return self._limits.output_bytes

    def lives_until(self, descriptor: int) -> bool:
        """Wait until the descriptor can be read; whether the process has lived until then."""
        process = os.pidfd_open(self._at_work)
        try:
            return process not in _wait([descriptor, process], None)
        finally:
            os.close(process)

    def run(self, job: Job, hear: Hear, abandoned: int) -> tuple[Message, list[bytes]]:
        """Let it do the job. Returns its final message and the pieces of a table it gave back.

        `abandoned` is a descriptor that becomes readable when nobody waits any more. Raises the AnalyzerError that
        ended it, and ConnectionAbortedError when nobody waits; the process is then to be ended, and so it is when it
        was used and does not last.
        """
        self.is_usable = False
        if self._lasting:
            self._wake()
        _send(self._jobs, job)
        watch = Watch(self._limits, hear)
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
                self._rest()
                return final, watch.table

    def _rest(self) -> None:
        """The job is done."""
        if self._lasting:
            os.kill(self._at_work, signal.SIGSTOP)
            self.is_usable = True

    def _wake(self) -> None:
        """What was said after the end of the last job belongs to no job."""
        for descriptor in (self._said, *self._printed):
            with suppress(BlockingIOError):
                while os.read(descriptor, CHUNK_BYTES):
                    pass
        self._cpu_before = self._cpu_seconds()
        os.kill(self._at_work, signal.SIGCONT)

    def _read_said(self, watch: "Watch") -> Message | None:
        data = os.read(self._said, CHUNK_BYTES)
        if data:
            return watch.hear_all(data)
        for descriptor in tuple(self._printed):
            self._read_printed(descriptor, watch)
        watch.finish()
        watch.ear.end()
        raise self._verdict()

    def _read_printed(self, descriptor: int, watch: "Watch") -> None:
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
        if self._cpu_seconds() - self._cpu_before > self._limits.cpu_seconds:
            raise self._too_much_cpu()
        used, threads = self._usage()
        if used - self._bytes_at_rest > self._limits.memory_bytes:
            raise _too_much_memory(self._limits)
        if threads > self._limits.threads:
            raise MemoryLimit(f"The code started {threads} threads.", limit=self._limits.threads)

    def _usage(self) -> tuple[int, int]:
        """Memory that is no file's, and threads."""
        memory, threads = 0, 0
        with suppress(OSError):
            for line in Path(f"/proc/{self._at_work}/status").read_text().splitlines():
                name, _, value = line.partition(":")
                if name in ("RssAnon", "RssShmem"):
                    memory += int(value.split()[0]) * KIB
                elif name == "Threads":
                    threads = int(value)
        return memory, threads

    def _cpu_seconds(self) -> float:
        """Processor time it has used so far."""
        with suppress(OSError):
            fields = Path(f"/proc/{self._at_work}/stat").read_text().rpartition(")")[2].split()
            return (int(fields[11]) + int(fields[12])) / TICKS  # the 14th and 15th: in user mode, in the kernel
        return 0.0

    def _too_much_cpu(self) -> CpuLimit:
        seconds = self._limits.cpu_seconds
        return CpuLimit(f"The code used more than {seconds} seconds of processor time.", limit=seconds)

    def _verdict(self) -> AnalyzerError:
        """Why a process has ended that did not say."""
        used = self.end()
        assert self._status is not None
        if os.WIFSIGNALED(self._status):
            number = os.WTERMSIG(self._status)
            limit = self._cpu_before + CPU_SHARE * self._limits.cpu_seconds
            if number in (signal.SIGKILL, signal.SIGXCPU) and used >= limit:
                return self._too_much_cpu()
            return Crashed(f"The code ended its process with {signal.Signals(number).name}.")
        return Crashed(f"The code ended its process with exit status {os.WEXITSTATUS(self._status)}.")

    def end(self) -> float:
        """Kill it, if it is not dead yet, and all its namespace; wait until it is gone. Returns the seconds it used."""
        if self._status is not None:
            return 0.0
        with suppress(ProcessLookupError):
            os.kill(self._at_work, signal.SIGKILL)  # bubblewrap ends after what it waits for, and as that has ended
        _, self._status, usage = os.wait4(self.pid, 0)
        if self._wrapped and os.WEXITSTATUS(self._status) > SIGNALLED:
            self._status = os.WEXITSTATUS(self._status) - SIGNALLED
        return usage.ru_utime + usage.ru_stime


def _too_much_memory(limits: Limits) -> MemoryLimit:
    return MemoryLimit(
        f"The code needed more than the {limits.memory_bytes:,} bytes of memory it may use. "
        "The operator can allow more with ANALYZER_JAIL_MEMORY_BYTES.",
        limit=limits.memory_bytes,
    )


def _wait(descriptors: list[int], seconds: float | None) -> list[int]:
    poll = select.poll()
    for descriptor in descriptors:
        poll.register(descriptor, select.POLLIN)
    return [descriptor for descriptor, _ in poll.poll(None if seconds is None else seconds * 1000)]


def _send(jobs: socket.socket, job: Job) -> None:
    told = json.dumps(job.told | {"tables": list(job.tables)}).encode()
    ancillary = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", job.tables.values()))]
    try:
        jobs.sendmsg([HEADER.pack(READY, len(told))], ancillary)
        jobs.sendall(told)
    except OSError as failure:
        raise Crashed("The jailed process was gone before the code could start.") from failure
