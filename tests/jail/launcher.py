"""Starts a program as another user, where it may be narrowed as Docker's default profile narrows: `python launcher.py`.

Python may live in a folder that only root may enter. The program gets mounts of its own in which it does not.
"""

import ctypes
import errno
import os
import struct
import sys
from pathlib import Path

from analyzer.jail import places
from analyzer.jail.identity import PR_SET_NO_NEW_PRIVS
from analyzer.jail.namespaces import MS_BIND, MS_PRIVATE, MS_REC, NEW_MOUNTS
from analyzer.jail.seccomp import (
    ALLOW,
    ANY_BIT,
    CLONE_NEW_ANYTHING,
    EQUAL,
    FAIL,
    LOAD,
    PR_SET_SECCOMP,
    RETURN,
    SECCOMP_MODE_FILTER,
)
from analyzer.jail.syscalls import mount, numbers, prctl, unshare

LANDLOCK = ["landlock_create_ruleset", "landlock_add_rule", "landlock_restrict_self"]
NAMESPACES = [
    "unshare",
    "setns",
    "mount",
    "umount2",
    "pivot_root",
    "open_tree",
    "move_mount",
    "fsopen",
    "mount_setattr",
]


def open_the_way() -> None:
    """Show Python where everybody may look for it."""
    closed = places.unreachable_for_others()
    if closed is None:
        return
    needed = [folder for folder in places.python_folders() if folder.startswith(f"{closed}/")]
    needed += [str(Path(sys.base_prefix, "bin"))]
    unshare(NEW_MOUNTS)
    mount("none", "/", None, MS_REC | MS_PRIVATE)
    opened = {folder: os.open(folder, os.O_PATH) for folder in needed}
    mount("tmpfs", closed, "tmpfs", 0, "mode=755")
    for folder, descriptor in opened.items():
        Path(folder).mkdir(parents=True)
        mount(f"/proc/self/fd/{descriptor}", folder, None, MS_BIND | MS_REC)


def without_landlock() -> None:
    """As on a kernel before 5.13, or one that was built without it."""
    known = numbers()
    lines = [(LOAD, 0, 0, 0)]
    for name in LANDLOCK:
        lines += [(EQUAL, 0, 1, known[name]), (RETURN, 0, 0, FAIL | errno.ENOSYS)]
    install([*lines, (RETURN, 0, 0, ALLOW)])


def without_namespaces() -> None:
    """Nor mounts, as in a container that nobody has given more rights."""
    known = numbers()
    lines = [(LOAD, 0, 0, 0)]
    for name in NAMESPACES:
        lines += [(EQUAL, 0, 1, known[name]), (RETURN, 0, 0, FAIL | errno.EPERM)]
    lines += [(EQUAL, 0, 1, known["clone3"]), (RETURN, 0, 0, FAIL | errno.ENOSYS)]
    lines += [(EQUAL, 0, 3, known["clone"]), (LOAD, 0, 0, 16), (ANY_BIT, 0, 1, CLONE_NEW_ANYTHING)]
    install([*lines, (RETURN, 0, 0, FAIL | errno.EPERM), (RETURN, 0, 0, ALLOW)])


def install(lines: list[tuple[int, int, int, int]]) -> None:
    """Put the filter over this process and all it starts."""
    encoded = b"".join(struct.pack("HBBI", *line) for line in lines)
    buffer = ctypes.create_string_buffer(encoded, len(encoded))
    whole = ctypes.create_string_buffer(struct.pack("HxxxxxxQ", len(lines), ctypes.addressof(buffer)), 16)
    prctl(PR_SET_NO_NEW_PRIVS, 1)
    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.addressof(whole))


if __name__ == "__main__":
    user, without, *command = sys.argv[1:]
    if int(user) != os.getuid():
        open_the_way()
        os.setgroups([])
        os.setresgid(int(user), int(user), int(user))
        os.setresuid(int(user), int(user), int(user))
    if without == "namespaces":
        without_namespaces()
    elif without == "landlock":
        without_landlock()
    os.execv(command[0], command)
