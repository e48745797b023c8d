"""Aim: secrets. The server's environment: here, in the parent, in what was inherited."""

import ctypes
import os

environ = ctypes.POINTER(ctypes.c_char_p).in_dll(ctypes.CDLL(None), "environ")
number = 0
while environ[number]:
    print(environ[number])
    number += 1
print(dict(os.environ))
breaches += [name for name in os.environ if "SECRET" in name or name.startswith("ANALYZER")]
for place in ("/proc/self/environ", f"/proc/{os.getppid()}/environ", f"/proc/{HOST['server']}/environ"):
    attempt(place, lambda: open(place).read())
