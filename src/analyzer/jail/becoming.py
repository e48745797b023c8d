"""The life of a jailed process: it puts up its walls, says so, does what it is given, and ends."""

import array
import fcntl
import json
import os
import resource
import socket
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

from analyzer.jail import bubblewrap, identity, places
from analyzer.jail.channel import ERROR, HEADER, READY, Mouth
from analyzer.jail.entering import Walls, enter

MOST_TABLES = 250  # as many descriptors go into one message
WRAPPED = "analyzer.executors.wrapped"  # what bubblewrap runs: it knows what jobs are made of, and we do not
JOBS, SAID = 3, 4  # the descriptors it has beside the three that every process has


@dataclass(frozen=True)
class Job:
    """What a jailed process is to do: names, values, and the open tables."""

    told: dict[str, Any]
    tables: Mapping[str, int]


Act = Callable[[Job, Mouth], None]
"""What the jailed process does with a job."""


def become_jailed(walls: Walls, act: Act, descriptors: list[int]) -> NoReturn:
    """The rest of this process's life, which was forked for it. `descriptors` become standard input and so on."""
    mouth = Mouth(SAID)
    try:
        identity.die_with_parent()
        _arrange(descriptors)
        if walls.bubblewrap:
            bubblewrap.execute(walls, WRAPPED)
        sys.path[:] = places.import_path()
        enter(walls)
    except (OSError, ValueError) as failure:
        mouth.send(ERROR, f"{getattr(failure, 'filename', '') or ''}: {failure}".encode())
        os._exit(1)
    live(act, mouth, lasting=walls.lasting)


def live(act: Act, mouth: Mouth, *, lasting: bool) -> NoReturn:
    """Behind the walls: say so, and do what comes.

    One that lasts does job after job until nobody has any more, one that does not is used once.
    """
    try:
        mouth.send(READY, b"")
        job = _receive(JOBS)
        while lasting:
            act(job, mouth)
            job = _receive(JOBS)
        os.close(JOBS)
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
