"""Aim: resources. Take memory past Python: Arrow's and the C library's allocators.

Ends: memory-limit, crashed
"""

import ctypes

import pyarrow as pa

libc = ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_void_p
hoard = []
for _ in range(10_000):
    place = libc.malloc(16_000_000)
    if not place:
        break
    libc.memset(ctypes.c_void_p(place), 1, 16_000_000)
while True:
    hoard.append(pa.allocate_buffer(16_000_000))
