"""Aim: processes. Read or write another process's memory, trace it, take its descriptors."""

import ctypes
import os

libc = ctypes.CDLL(None, use_errno=True)
buffer = ctypes.create_string_buffer(64)
for pid in (HOST["victim"], HOST["server"], os.getppid(), 1):
    if pid in (os.getpid(), 0):
        continue
    for name, arguments in {
        "attach": (101, 16, pid, 0, 0),
        "seize": (101, 0x4206, pid, 0, 0),
        "read memory": (310, pid, buffer, 1, buffer, 1, 0),
        "write memory": (311, pid, buffer, 1, buffer, 1, 0),
        "compare": (312, os.getpid(), pid, 0, 0, 0),
        "robust list": (274, pid, buffer, buffer),
    }.items():
        if libc.syscall(*arguments) >= 0:
            breaches.append(f"{name} {pid}")
    for file in ("mem", "maps", "environ", "cmdline", "fd", "root/etc/passwd", "cwd"):
        attempt(f"/proc/{pid}/{file}", lambda: os.open(f"/proc/{pid}/{file}", os.O_RDONLY))
if libc.syscall(101, 0, 0, 0, 0) >= 0:
    breaches.append("be traced")
