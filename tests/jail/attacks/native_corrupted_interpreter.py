"""Aim: escape by C. Break the interpreter from within and go on in what is left of it.

Ends: crashed
"""

import ctypes

ctypes.memset(id(int), 0xFF, 4096)
ctypes.string_at(0)
