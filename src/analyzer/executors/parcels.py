"""How messages cross the process border: short ones through the pool's pipes, long ones in a file beside it.

A pool's pipe is safe only for what one write carries. When a worker is killed halfway through a longer message, the
thread at the other end of the pipe waits for the rest forever, and with it the interpreter at its exit.
"""

from pathlib import Path

PIPE_BYTES = 16_000  # multiprocessing sends up to 16 KiB together with the header, in one write


def send(parcel: bytes, place: Path) -> bytes | None:
    """What to put into the pipe: the parcel, or None when it was too long and lies in the file `place` instead."""
    if len(parcel) <= PIPE_BYTES:
        return parcel
    place.write_bytes(parcel)
    return None


def receive(parcel: bytes | None, place: Path) -> bytes:
    """What `send` sent. The file goes with it."""
    if parcel is None:
        parcel = place.read_bytes()
        place.unlink()
    return parcel
