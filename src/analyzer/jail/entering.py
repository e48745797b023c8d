"""How a process goes behind the layers, in the one order that works.

Mounts need rights that the user after them lacks; Landlock and seccomp need `no_new_privs`; seccomp comes last, since
it forbids the calls that the others are made of.
"""

import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from analyzer.jail import identity, landlock, namespaces, places, seccomp
from analyzer.jail.levels import Layer
from analyzer.jail.limits import Limits, restrict, restrict_threads

SHARED_USER_THREADS = 4096
"""Where the jail shares the server's user, all of that user's threads count; its own are watched by the supervisor."""

LASTING_JOBS = 1000
"""What the kernel counts of processor time is a process's whole life; of one job's the supervisor keeps count."""


@dataclass(frozen=True)
class Walls:
    """Which layers to put up, and with what."""

    layers: frozenset[Layer]
    limits: Limits
    base: str  # an empty folder of the host's to build the root in
    number: int = 0  # of this jail among those that run at once
    lasting: bool = False  # for one job after another
    bubblewrap: str = ""  # the program that makes the namespaces, where they are not made by our own calls

    @property
    def user(self) -> int:
        return identity.user_for(self.number)


def is_root() -> bool:
    """Whether this process may become others."""
    return os.geteuid() == 0


def prepare(walls: Walls) -> None:
    """In the parent, before it forks the process that will `enter`. Raises OSError."""
    # Bubblewrap gives up the right to kill what has become another user, so its own end would not end that. As the
    # first process of a namespace it takes all that is in there with it.
    if Layer.NAMESPACES in walls.layers and (is_root() or not walls.bubblewrap):
        namespaces.separate_children(privileged=is_root(), inside=walls.user)


def _stand_back() -> None:
    """A session is scheduled as a whole, as if it were one process; how nice its processes are counts inside alone."""
    with suppress(OSError):  # a kernel that does not group
        Path("/proc/self/autogroup").write_text(str(os.nice(0)))


def enter(walls: Walls, *, wrapped: bool = False) -> None:
    """Put this process behind its walls, for good; behind the rest of them, where it is wrapped in namespaces already.

    Raises OSError or ValueError naming what could not be done.
    """
    root, layers = is_root(), walls.layers
    os.setsid()  # in a pid namespace too, whose processes would else stay in a process group outside of it
    _stand_back()
    readable = places.readable()
    writable = [places.SCRATCH] if Layer.NAMESPACES in layers else []
    if wrapped:
        namespaces.mount_scratch(places.SCRATCH, walls.limits, walls.user)
        os.chdir(places.SCRATCH)
    elif Layer.NAMESPACES in layers:
        namespaces.separate()
        namespaces.enter_root(walls.base, readable, walls.limits, walls.user)
    if Layer.LIMITS in layers:
        restrict(walls.limits, jobs=LASTING_JOBS if walls.lasting else 1)
    identity.drop_bounding_set()
    if root and Layer.IDENTITY in layers:
        identity.become(walls.user)
    identity.renounce()
    identity.gain_nothing()
    if Layer.LIMITS in layers:
        alone = root and Layer.IDENTITY in layers
        restrict_threads(walls.limits.threads if alone else SHARED_USER_THREADS)
    if Layer.LANDLOCK in layers:
        landlock.restrict(readable, writable, places.DEVICES)
    if Layer.SECCOMP in layers:
        seccomp.install()
