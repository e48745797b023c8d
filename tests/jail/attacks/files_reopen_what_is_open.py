"""Aim: files. Open the dataset's descriptor again for writing, or climb from it to its neighbours.

Its own pipes a process may open again, where it sees `/proc` at all: they are its own already.
"""

import os
import stat


def again(place):
    opened = os.open(place, os.O_RDWR)
    if not stat.S_ISREG(os.fstat(opened).st_mode):
        os.close(opened)
        raise OSError


for descriptor in range(0, 64):
    for place in (f"/proc/self/fd/{descriptor}", f"/dev/fd/{descriptor}"):
        attempt(f"reopen {place}", lambda: again(place))
    attempt(f"above {descriptor}", lambda: os.open("..", os.O_RDONLY, dir_fd=descriptor))
    attempt(f"fchdir {descriptor}", lambda: os.fchdir(descriptor))
    try:
        path = os.readlink(f"/proc/self/fd/{descriptor}")
    except OSError:
        continue
    if path.startswith("/") and path != "/dev/null":
        attempt(f"read {path}", lambda: open(path).read())
        attempt(f"list around {path}", lambda: os.listdir(os.path.dirname(path)))
        attempt(f"list above {path}", lambda: os.listdir(os.path.dirname(os.path.dirname(path))))
