"""Aim: kernel surface. Ask through the other table of calls: x32 numbers, which a filter may not know.

Ends: crashed
"""

import ctypes

libc = ctypes.CDLL(None, use_errno=True)
if libc.syscall(0x40000000 | 41, 2, 1, 0) >= 0:
    breaches.append("a socket by its x32 number")
