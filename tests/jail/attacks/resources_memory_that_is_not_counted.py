"""Aim: resources. Memory that a limit on data does not count: shared mappings, memory files, pipes, System V."""

import ctypes
import mmap
import os

libc = ctypes.CDLL(None, use_errno=True)
attempt("shared", lambda: mmap.mmap(-1, 1 << 30))
attempt("shared zero", lambda: mmap.mmap(os.open("/dev/zero", os.O_RDWR), 1 << 30))
attempt("memfd", lambda: os.memfd_create("x"))
attempt("shm", lambda: open("/dev/shm/x", "wb"))
if libc.shmget(0, 1 << 30, 0o1777) >= 0:
    breaches.append("System V")
reading, writing = os.pipe()
import fcntl

attempt("large pipe", lambda: fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, 1 << 20))
attempt("huge pages", lambda: mmap.mmap(-1, 1 << 21, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | 0x40000))
