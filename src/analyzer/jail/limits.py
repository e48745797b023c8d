"""The walls of one run, and those of them that the kernel holds."""

import math
import resource
import time
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

KIB = 1024
MIB = 1024 * KIB
FORK_SECONDS = 0.1  # more than a fork takes until it is here
SECONDS_OF_GRACE = 1  # for the supervisor to see it first: the kernel counts by ticks, and kills without a word


@dataclass(frozen=True)
class Limits:
    """What one run may use."""

    wall_seconds: float = 60.0
    cpu_seconds: int = 60
    memory_bytes: int = 1024 * MIB  # beyond what Python and its packages hold at rest
    output_bytes: int = 640 * KIB  # printed; the first and last tenth of it are kept
    result_bytes: int = 8 * MIB
    table_bytes: int = 256 * MIB  # of a table that is kept as a dataset
    scratch_bytes: int = 64 * MIB
    scratch_files: int = 1000
    open_files: int = 256
    threads: int = 64


@lru_cache(maxsize=1)
def bytes_at_rest() -> int:
    """Private memory that may be written and is there before any foreign code: what RLIMIT_DATA counts.

    Looked up once, where all jails are forked from.
    """
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmData:"):
            return int(line.split()[1]) * KIB
    return 0


def restrict(limits: Limits, jobs: int = 1) -> None:
    """Set the limits of this process, which does so many jobs, for good. Raises OSError or ValueError."""
    memory = bytes_at_rest() + limits.memory_bytes
    # Nothing in a fork; in a Python that was started for this, what its imports took.
    seconds_before = math.ceil(time.process_time() - FORK_SECONDS)
    for kind, value in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_DATA, memory),
        (resource.RLIMIT_CPU, limits.cpu_seconds * jobs + seconds_before + SECONDS_OF_GRACE),
        (resource.RLIMIT_FSIZE, limits.scratch_bytes),
        (resource.RLIMIT_NOFILE, limits.open_files),
        (resource.RLIMIT_MEMLOCK, 0),
        (resource.RLIMIT_MSGQUEUE, 0),
        (resource.RLIMIT_NICE, 0),
        (resource.RLIMIT_RTPRIO, 0),
        (resource.RLIMIT_SIGPENDING, limits.threads),
    ):
        resource.setrlimit(kind, (value, value))


def restrict_threads(threads: int) -> None:
    """How many processes and threads the user of this process may have, these counted over the whole system."""
    resource.setrlimit(resource.RLIMIT_NPROC, (threads, threads))
