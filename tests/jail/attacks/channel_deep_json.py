"""Aim: result channel. JSON nested a million deep.

Ends: result-invalid
"""

import os
import struct

data = b"[" * 1_000_000
for descriptor in range(3, 32):
    try:
        rest = struct.pack(">cI", b"R", len(data)) + data
        while rest:
            rest = rest[os.write(descriptor, rest) :]
    except OSError:
        continue
