"""Aim: secrets. Read the heap by address, around Python, looking for what others left.

What is looked for stands here backwards, so that it is not found in this code itself.
"""

import ctypes
import os

wanted = [b"TNEMNORIVNE-EHT-FO-TERCES", b"REHTONA-FO-ATAD", b"ELIF-EHT-FO-TERCES"]
libc = ctypes.CDLL(None, use_errno=True)
libc.sbrk.restype = ctypes.c_void_p
end = libc.sbrk(0)
reading, writing = os.pipe()
for low in range(end - (64 << 20), end, 1 << 12):
    # The kernel is asked to write the page into a pipe: it answers for one that is not there, where a look would crash.
    if libc.write(writing, ctypes.c_void_p(low), 1 << 12) > 0:
        backwards = os.read(reading, 1 << 12)[::-1]
        breaches += [text[::-1].decode().lower() for text in wanted if text in backwards]
