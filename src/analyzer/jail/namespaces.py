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
MS_BIND, MS_REC, MS_PRIVATE, MS_REMOUNT = 4096, 16384, 1 << 18, 32
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
    mount("none", "/", None, MS_REC | MS_PRIVATE)
    mount("tmpfs", base, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, ROOT_OPTIONS)
    for path in (*readable, *(device for device in places.DEVICES if Path(device).exists())):
        _show(path, base + path)
    scratch = base + places.SCRATCH
    Path(scratch).mkdir(exist_ok=True)
    options = f"size={limits.scratch_bytes},nr_inodes={limits.scratch_files},mode=700,uid={user},gid={user}"
    mount("tmpfs", scratch, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, options)
    os.chdir(base)
    syscall("pivot_root", ctypes.c_char_p(b"."), ctypes.c_char_p(b"."))
    detach(".")  # the old root, which lies over the new one until it goes
    os.chdir("/")
    mount("none", "/", None, MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC)
    os.chdir(places.SCRATCH)


def _show(path: str, target: str) -> None:
    """Make `path` of the host visible at `target`, to read."""
    source = Path(path)
    Path(target).parent.mkdir(parents=True, exist_ok=True)
    if source.is_symlink():
        Path(target).symlink_to(source.readlink())
        return
    if source.is_dir():
        Path(target).mkdir()
    else:
        Path(target).touch()
    mount(path, target, None, MS_BIND | MS_REC)
    if not path.startswith("/dev/"):
        _make_read_only(target)


def _make_read_only(target: str) -> None:
    """Also what is mounted below; flags that the host has set stay, which an ordinary remount would have to repeat."""
    attributes = struct.pack("=4Q", MS_RDONLY | MS_NOSUID | MS_NODEV, 0, 0, 0)
    syscall(
        "mount_setattr",
        AT_FDCWD,
        ctypes.c_char_p(os.fsencode(target)),
        AT_RECURSIVE,
        ctypes.create_string_buffer(attributes, len(attributes)),
        len(attributes),
    )
