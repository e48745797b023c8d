"""The layer that names what may be read: Landlock, an access control that a process puts upon itself.

It holds where namespaces are not to be had, and beneath them where they are.
"""

import ctypes
import errno
import os
import struct
from collections.abc import Iterable

from analyzer.jail.syscalls import syscall

VERSION_FLAG = 1
RULE_BENEATH = 1

READ_FILE, READ_DIR = 1 << 2, 1 << 3
TCP = 0b11  # bind and connect
SCOPES = 0b11  # abstract unix sockets, signals
TRUNCATE_ABI, NETWORK_ABI, SCOPE_ABI = 3, 4, 6

FILE_RIGHTS = 1 << 1 | READ_FILE | 1 << 14  # write, read, truncate: what can be granted on a file that is no folder


def abi() -> int:
    """The version the kernel speaks; 0 when it has none."""
    try:
        return syscall("landlock_create_ruleset", 0, 0, VERSION_FLAG)
    except OSError:
        return 0


def every_right(version: int) -> int:
    """All rights on files that this version knows."""
    bits = {1: 13, 2: 14, 3: 15, 4: 15}.get(version, 16)
    return (1 << bits) - 1


def restrict(readable: Iterable[str], writable: Iterable[str], devices: Iterable[str]) -> None:
    """Deny everything the kernel can deny but reading here and writing there. Needs `no_new_privs`. Raises OSError."""
    version = abi()
    if not version:
        raise OSError(errno.ENOSYS, "the kernel has no Landlock", "landlock")
    everything = every_right(version)
    fields = [everything]
    if version >= NETWORK_ABI:
        fields.append(TCP)
    if version >= SCOPE_ABI:
        fields.append(SCOPES)
    attributes = struct.pack(f"{len(fields)}Q", *fields)  # a longer one than the kernel knows is refused
    ruleset = syscall(
        "landlock_create_ruleset", ctypes.create_string_buffer(attributes, len(attributes)), len(attributes), 0
    )
    try:
        for path in readable:
            _allow(ruleset, path, READ_FILE | READ_DIR)
        for path in writable:
            _allow(ruleset, path, everything & ~1)  # all but to execute
        for path in devices:
            _allow(ruleset, path, everything & FILE_RIGHTS)
        syscall("landlock_restrict_self", ruleset, 0)
    finally:
        os.close(ruleset)


def _allow(ruleset: int, path: str, rights: int) -> None:
    try:
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    try:
        if not os.path.isdir(place):  # noqa: PTH112 - a descriptor, not a path
            rights &= FILE_RIGHTS
        rule = struct.pack("=Qi", rights, place)
        syscall("landlock_add_rule", ruleset, RULE_BENEATH, ctypes.create_string_buffer(rule, len(rule)), 0)
    finally:
        os.close(place)
