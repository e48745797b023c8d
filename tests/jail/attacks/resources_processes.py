"""Aim: resources. A bomb of processes."""

import ctypes
import os

libc = ctypes.CDLL(None)
for _ in range(1000):
    attempt("fork", os.fork)
    if libc.fork() >= 0:
        breaches.append("fork by the C library")
    if libc.vfork() >= 0:
        breaches.append("vfork")
