"""Aim: result channel. A result that says it has four gigabytes, so that whoever believes it takes the memory.

Ends: result-too-large
"""

import os
import struct
import time

for descriptor in range(3, 32):
    try:
        os.write(descriptor, struct.pack(">cI", b"R", 0xFFFFFFFF) + b"{}")
    except OSError:
        continue
time.sleep(60)
