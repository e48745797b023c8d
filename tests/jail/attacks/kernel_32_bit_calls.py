"""Aim: kernel surface. `int 0x80` speaks the table of 32-bit calls from 64-bit code.

Ends: crashed, memory-limit
"""

import ctypes
import mmap

# mov eax, 20 (getpid); int 0x80; ret
code = mmap.mmap(-1, 4096, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, prot=7)
code.write(b"\xb8\x14\x00\x00\x00\xcd\x80\xc3")
call = ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(code)))
if call() > 0:
    breaches.append("a 32-bit call was answered")
