"""Who a jailed process is: nobody, with no right that root or a namespace's creator would have."""

import ctypes
import os
import struct

from analyzer.jail.syscalls import prctl, syscall

FIRST_USER = 60_600
USERS = 512
"""A range that no distribution gives to anybody. Jails that run at once have different ones."""

PR_SET_PDEATHSIG, PR_CAPBSET_DROP = 1, 24
PR_SET_NO_NEW_PRIVS, PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL = 38, 47, 4
CAPABILITY_VERSION = 0x20080522
MOST_CAPABILITIES = 64


def user_for(number: int) -> int:
    """The user of the jail with this number."""
    return FIRST_USER + number % USERS


def die_with_parent() -> None:
    """Ask for SIGKILL when the parent ends. To be asked for again after the user has changed."""
    sigkill = 9
    prctl(PR_SET_PDEATHSIG, sigkill)


def become(user: int) -> None:
    """Become this user and group for good, with no other groups. Raises OSError."""
    os.setgroups([])
    os.setresgid(user, user, user)
    os.setresuid(user, user, user)
    die_with_parent()


def drop_bounding_set() -> None:
    """Give up what an executed program could gain."""
    for number in range(MOST_CAPABILITIES):
        try:
            prctl(PR_CAPBSET_DROP, number)
        except OSError:  # beyond the last one that this kernel knows, or not ours to give up
            return


def renounce() -> None:
    """Give up every capability. Raises OSError."""
    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL)
    header = struct.pack("=Ii", CAPABILITY_VERSION, 0)
    nothing = bytes(24)
    syscall(
        "capset",
        ctypes.create_string_buffer(header, len(header)),
        ctypes.create_string_buffer(nothing, len(nothing)),
    )


def gain_nothing() -> None:
    """No program that is executed may gain a right any more. Landlock and seccomp ask for it."""
    prctl(PR_SET_NO_NEW_PRIVS, 1)
