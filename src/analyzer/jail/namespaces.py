"""The layers that leave nothing to see: namespaces of the jail's own, and a file system with only what it may read."""

import ctypes
import os
import struct
from collections.abc import Iterable
from pathlib import Path

from analyzer.jail import places
from analyzer.jail.limits import Limits
from analyzer.jail.syscalls import detach, mount, syscall, unshare

NEW_MOUNTS, NEW_CGROUPS, NEW_NAMES, NEW_IPC = 0x00020000, 0x02000000, 0x04000000, 0x08000000
NEW_USERS, NEW_PIDS, NEW_NETWORK = 0x10000000, 0x20000000, 0x40000000

MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC = 1, 2, 4, 8
MS_BIND, MS_REC, MS_PRIVATE = 4096, 16384, 1 << 18
AT_FDCWD, AT_RECURSIVE = -100, 0x8000
ROOT_OPTIONS = "size=1m,nr_inodes=256,mode=755"


def separate_children(*, privileged: bool, inside: int) -> None:
    """The next child of this process is the first of a pid namespace. Who is not root makes a user namespace for it,
    in which it is the user `inside`. Raises OSError."""
    user, group = os.getuid(), os.getgid()
    unshare(NEW_PIDS if privileged else NEW_PIDS | NEW_USERS)
    if not privileged:
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"{inside} {user} 1")
        Path("/proc/self/gid_map").write_text(f"{inside} {group} 1")


def separate() -> None:
    """Leave the host's mounts, network, IPC, names and cgroups. Raises OSError."""
    unshare(NEW_MOUNTS | NEW_NETWORK | NEW_IPC | NEW_NAMES | NEW_CGROUPS)


def enter_root(base: str, readable: Iterable[str], limits: Limits, user: int) -> None:
    """Make a file system of nothing but these places and a scratch folder at `base`, an empty folder; go there.

    Raises OSError.
    """
    devices = [device for device in places.DEVICES if os.path.exists(device)]  # noqa: PTH110
    mount("none", "/", None, MS_REC | MS_PRIVATE)
    mount("tmpfs", base, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, ROOT_OPTIONS)
    for path in readable:
        if _make_place(path, base + path):
            mount(path, base + path, None, MS_BIND | MS_REC)
    for device in devices:
        _make_place(device, base + device)
    scratch = base + places.SCRATCH
    os.makedirs(scratch, exist_ok=True)  # noqa: PTH103
    _make_read_only(base)
    for device in devices:
        mount(device, base + device, None, MS_BIND)
    mount_scratch(scratch, limits, user)
    os.chdir(base)
    syscall("pivot_root", ctypes.c_char_p(b"."), ctypes.c_char_p(b"."))
    detach(".")  # the old root, which lies over the new one until it goes
    os.chdir(places.SCRATCH)


def mount_scratch(place: str, limits: Limits, user: int) -> None:
    """A file system of the user's own, within limits. Raises OSError."""
    options = f"size={limits.scratch_bytes},nr_inodes={limits.scratch_files},mode=700,uid={user},gid={user}"
    mount("tmpfs", place, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, options)


def _make_place(path: str, target: str) -> bool:
    """Make what `path` of the host can be mounted on. A symbolic link is made the same, and needs no mount."""
    os.makedirs(os.path.dirname(target), exist_ok=True)  # noqa: PTH103, PTH120 - pathlib takes three times as long
    if os.path.islink(path):  # noqa: PTH114
        os.symlink(os.readlink(path), target)  # noqa: PTH115, PTH211
        return False
    if os.path.isdir(path):  # noqa: PTH112
        os.makedirs(target, exist_ok=True)  # noqa: PTH103
    else:
        os.close(os.open(target, os.O_CREAT | os.O_WRONLY, 0o600))
    return True


def _make_read_only(target: str) -> None:
    """And all that is mounted below; flags that the host has set stay, which a remount would have to repeat."""
    attributes = struct.pack("=4Q", MS_RDONLY | MS_NOSUID | MS_NODEV, 0, 0, 0)
    syscall(
        "mount_setattr",
        AT_FDCWD,
        ctypes.c_char_p(os.fsencode(target)),
        AT_RECURSIVE,
        ctypes.create_string_buffer(attributes, len(attributes)),
        len(attributes),
    )
