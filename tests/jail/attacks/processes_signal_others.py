"""Aim: processes. Signal the server, the supervisor, everybody, the group; change their priorities and limits."""

import ctypes
import os
import resource
import signal

libc = ctypes.CDLL(None, use_errno=True)
for pid in (HOST["victim"], HOST["server"], os.getppid(), 0, -1, -HOST["server"], 2):
    if pid == os.getpid():
        continue
    for number in (0, signal.SIGTERM, signal.SIGKILL, signal.SIGSTOP):
        attempt(f"kill {pid} {number}", lambda: os.kill(pid, number))
attempt("group", lambda: os.killpg(os.getpgid(0), signal.SIGTERM))
attempt("group 0", lambda: os.killpg(0, signal.SIGTERM))
for name, arguments in {
    "tkill": (200, HOST["victim"], 9),
    "tgkill": (234, HOST["victim"], HOST["victim"], 9),
    "sigqueue": (129, HOST["victim"], 9, bytes(128)),
    "pidfd": (434, HOST["victim"], 0),
    "setpriority": (141, 0, HOST["victim"], 19),
    "affinity": (203, HOST["victim"], 8, b"\1" + bytes(7)),
    "ioprio": (251, 1, HOST["victim"], 3 << 13),
}.items():
    if libc.syscall(*arguments) >= 0:
        breaches.append(name)
attempt("limits", lambda: resource.prlimit(HOST["victim"], resource.RLIMIT_NOFILE, (1, 1)))
