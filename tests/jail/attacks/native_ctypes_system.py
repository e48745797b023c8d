"""Aim: escape by C. The C library's own `system`, `execve` and `open`.

Behind: n8n CVE-2025-68668, where Python's sandbox stood in Python and ctypes did not.
"""

import ctypes

libc = ctypes.CDLL(None, use_errno=True)
if libc.system(b"id") == 0:
    breaches.append("system")
if libc.open(HOST["secret"].encode(), 0) >= 0:
    breaches.append("open")
if libc.popen(b"id", b"r"):
    libc.pclose.restype = ctypes.c_int
libc.execve(b"/bin/sh", None, None)
arguments = (ctypes.c_char_p * 2)(b"sh", None)
pid = ctypes.c_int()
if libc.posix_spawn(ctypes.byref(pid), b"/bin/sh", None, None, arguments, None) == 0:
    breaches.append("posix_spawn")
