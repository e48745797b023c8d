"""Aim: network. A datagram socket of a pair can be sent from to any address; a descriptor may be a socket already."""

import os
import socket

for kind in (socket.SOCK_DGRAM, socket.SOCK_SEQPACKET, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC):
    attempt(f"pair {kind}", lambda: socket.socketpair(socket.AF_UNIX, kind))
ours, theirs = socket.socketpair()
for address in (HOST["unix"], "\0" + HOST["abstract"], "/run/docker.sock", "/var/run/docker.sock", "/dev/log"):
    attempt(f"connect {address!r}", lambda: ours.connect(address))
    attempt(f"sendto {address!r}", lambda: ours.sendto(b"x", address))
    attempt(f"sendmsg {address!r}", lambda: ours.sendmsg([b"x"], [], 0, address))
    attempt(f"bind {address!r}", lambda: ours.bind(address))
for descriptor in range(3, 64):
    attempt(f"foreign {descriptor}", lambda: socket.socket(fileno=descriptor) not in (ours, theirs) or 1 / 0) if (
        descriptor not in (ours.fileno(), theirs.fileno())
    ) else None
