"""Aim: files. Change what no access right of Landlock covers: modes, owners, times, attributes, locks."""

import fcntl
import os

secret = HOST["secret"]
for path in (secret, os.path.dirname(secret), HOST["data"]):
    attempt(f"chmod {path}", lambda: os.chmod(path, 0o777))
    attempt(f"chown {path}", lambda: os.chown(path, os.getuid(), os.getgid()))
    attempt(f"utime {path}", lambda: os.utime(path, (0, 0)))
    attempt(f"setxattr {path}", lambda: os.setxattr(path, "user.x", b"x"))
for descriptor in range(3, 64):
    # The dataset's own descriptor is open for reading; its owner could change the file through it.
    attempt(f"fchmod {descriptor}", lambda: os.fchmod(descriptor, 0o777))
    attempt(f"fchown {descriptor}", lambda: os.fchown(descriptor, os.getuid(), -1))
    attempt(f"futimens {descriptor}", lambda: os.utime(descriptor, (0, 0)))
    attempt(f"fsetxattr {descriptor}", lambda: os.setxattr(descriptor, "user.x", b"x"))
    attempt(f"flock {descriptor}", lambda: fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB))
    attempt(f"lease {descriptor}", lambda: fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_RDLCK))
    attempt(f"owner {descriptor}", lambda: fcntl.fcntl(descriptor, fcntl.F_SETOWN, HOST["victim"]))
    attempt(f"attributes {descriptor}", lambda: fcntl.ioctl(descriptor, 0x40086602, b"\x40\0\0\0\0\0\0\0"))
    attempt(f"write {descriptor}", lambda: os.pwrite(descriptor, b"x", 0))
