"""Aim: escape by C. Machine code of one's own: calls the kernel with nothing of Python or C between."""

import ctypes
import mmap
import struct


def machine(number, *arguments):
    registers = (b"\x48\xbf", b"\x48\xbe", b"\x48\xba", b"\x49\xba")  # rdi, rsi, rdx, r10
    code = b"".join(register + struct.pack("<q", value) for register, value in zip(registers, arguments))
    code += b"\x48\xc7\xc0" + struct.pack("<i", number) + b"\x0f\x05\xc3"
    place = mmap.mmap(-1, 4096, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, prot=7)
    place.write(code)
    return ctypes.CFUNCTYPE(ctypes.c_long)(ctypes.addressof(ctypes.c_char.from_buffer(place)))()


secret = ctypes.create_string_buffer(HOST["secret"].encode())
for name, arguments in {
    "socket": (41, 2, 1, 0),
    "open": (2, ctypes.addressof(secret), 0, 0),
    "openat": (257, -100, ctypes.addressof(secret), 0, 0),
    "fork": (57,),
    "kill": (62, HOST["victim"], 9),
    "ptrace": (101, 16, HOST["victim"], 0, 0),
    "chmod": (90, ctypes.addressof(secret), 0o777),
}.items():
    if machine(*arguments) >= 0:
        breaches.append(name)
