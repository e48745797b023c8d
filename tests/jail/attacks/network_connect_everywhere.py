"""Aim: network. Reach anybody: TCP, UDP, raw, unix by path and by name, through every library.

Behind: Judge0 CVE-2024-29021, where a sandbox with a network reached the database beside it.
"""

import asyncio
import http.client
import socket
import urllib.request

for family in (socket.AF_INET, socket.AF_INET6, socket.AF_UNIX, socket.AF_NETLINK, socket.AF_PACKET, 40, 38, 29, 16):
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_RAW, socket.SOCK_SEQPACKET):
        attempt(f"socket {family} {kind}", lambda: socket.socket(family, kind))
attempt("tcp", lambda: socket.create_connection(("127.0.0.1", HOST["tcp"]), timeout=1).send(b"x"))
attempt("listen", lambda: socket.create_server(("0.0.0.0", 0)))
attempt("http", lambda: http.client.HTTPConnection("127.0.0.1", HOST["tcp"], timeout=1).request("GET", "/"))
attempt("urllib", lambda: urllib.request.urlopen(f"http://127.0.0.1:{HOST['tcp']}/", timeout=1))
attempt("pandas", lambda: pd.read_csv(f"http://127.0.0.1:{HOST['tcp']}/x.csv"))
attempt("resolve", lambda: socket.getaddrinfo("example.com", 80))
attempt("metadata", lambda: urllib.request.urlopen("http://169.254.169.254/latest/meta-data/", timeout=1))


async def over_asyncio():
    await asyncio.open_connection("127.0.0.1", HOST["tcp"])


attempt("asyncio", lambda: asyncio.run(over_asyncio()))
