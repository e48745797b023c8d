"""Aim: secrets. Read the heap by address, around Python, looking for what others left.

What is looked for stands here with every byte raised by one, and so is compared, so that neither this code nor the
copies it makes of what it reads are found.
"""

import ctypes
import os

wanted = [b"TFDSFU.PG.UIF.FOWJSPONFOU", b"EBUB.PG.BOPUIFS", b"TFDSFU.PG.UIF.GJMF"]
raised = bytes((byte + 1) % 256 for byte in range(256))
libc = ctypes.CDLL(None, use_errno=True)
libc.sbrk.restype = ctypes.c_void_p
end = libc.sbrk(0)
reading, writing = os.pipe()
for low in range(end - (64 << 20), end, 1 << 12):
    # The kernel is asked to write the page into a pipe: it answers for one that is not there, where a look would crash.
    if libc.write(writing, ctypes.c_void_p(low), 1 << 12) > 0:
        page = os.read(reading, 1 << 12).translate(raised)
        breaches += [number for number, text in enumerate(wanted) if text in page]
