"""How messages cross the process border: short ones over the line, long ones in a file beside it.

A line is a stream socket. Each message on it is its length and its bytes; where the length is 0, the bytes lie in the
file, since the loop at the server's end has other things to do than to move megabytes.
"""

import socket
import struct
from pathlib import Path

HEADER = struct.Struct("!I")
LINE_BYTES = 256 * 1024  # of one message on the line: a fraction of a millisecond's work
READ_BYTES = 64 * 1024


def framed(parcel: bytes) -> bytes:
    """As it goes over the line."""
    return HEADER.pack(len(parcel)) + parcel


def set_down(parcel: bytes, place: Path) -> bytes:
    """What is to go over the line: the parcel, or nothing when it was too long and lies at the place instead."""
    if len(parcel) <= LINE_BYTES:
        return parcel
    place.write_bytes(parcel)
    return b""


def pick_up(parcel: bytes, place: Path) -> bytes:
    """What was set down. The file goes with it."""
    if not parcel:
        parcel = place.read_bytes()
        place.unlink()
    return parcel


def receive(line: socket.socket, seconds: float) -> bytes | None:
    """The next message; None when for so long none began, or the other end is closed."""
    line.settimeout(seconds)
    try:
        got = bytearray(line.recv(READ_BYTES))
    except TimeoutError:
        return None
    line.settimeout(None)
    while got and (len(got) < HEADER.size or len(got) < HEADER.size + HEADER.unpack_from(got)[0]):
        more = line.recv(READ_BYTES)
        if not more:
            return None
        got += more
    return bytes(got[HEADER.size :]) if got else None
