"""Aim: result channel. Strict JSON of the wrong form, with a dataset of somebody else's to be named.

Ends: result-invalid
"""

import json
import os
import struct

data = json.dumps({"kind": "value", "value": 1, "saved": {"file_id": "x", "filename": "y"}}).encode()
for descriptor in range(3, 32):
    try:
        os.write(descriptor, struct.pack(">cI", b"R", len(data)) + data)
    except OSError:
        continue
