"""Aim: result channel. A pickle in place of a result: whoever unpickles it runs it.

Ends: result-invalid
"""

import os
import pickle
import struct


class Bomb:
    def __reduce__(self):
        return os.system, (f"touch {os.path.dirname(HOST['secret'])}/unpickled",)


data = pickle.dumps(Bomb())
for descriptor in range(3, 32):
    try:
        os.write(descriptor, struct.pack(">cI", b"R", len(data)) + data)
    except OSError:
        continue
