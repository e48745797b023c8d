"""Aim: secrets. Everything this process can see of its own memory: objects, frames, modules, other people's data."""

import gc
import multiprocessing
import sys

print(len(multiprocessing.current_process().authkey or b""), "bytes of a key")
if any(multiprocessing.current_process().authkey or b""):
    breaches.append("the server's key for its processes")
WANTED = tuple("".join(pair) for pair in (("SECRET-OF", "-THE-"), ("DATA-OF", "-ANOTHER")))
for thing in gc.get_objects():
    if isinstance(thing, dict) and thing is not globals():
        for value in list(thing.values()):
            if isinstance(value, str) and any(wanted in value for wanted in WANTED):
                breaches.append(value)
frame = sys._getframe()
while frame:
    for name, value in list(frame.f_locals.items()):
        if name != "WANTED" and isinstance(value, (str, bytes)) and "code" not in name and len(value) < 200:
            print(name, value)
    frame = frame.f_back
