"""Aim: resources. 200,000 tiny files, one large one, all descriptors."""

import os

made = 0
try:
    for number in range(200_000):
        with open(f"/tmp/{number}", "w") as file:
            file.write("x")
        made += 1
except OSError:
    pass
if made > 1000:
    breaches.append(f"{made} files")
written = 0
try:
    os.remove("/tmp/0")
    with open("/tmp/large", "wb", buffering=0) as file:
        for _ in range(200):
            written += file.write(bytes(1 << 20))
except OSError:
    pass
if written > 64 << 20:
    breaches.append(f"{written} bytes")
opened = []
try:
    for _ in range(100_000):
        opened.append(os.dup(0))
except OSError:
    pass
if len(opened) > 300:
    breaches.append(f"{len(opened)} descriptors")
for descriptor in opened:
    os.close(descriptor)
