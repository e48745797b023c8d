"""Servers that take an upload, hash it and keep it without reading it; and a client that is faster than any of them.

python benchmarks/receivers.py serve analyzer /tmp/folder          # prints its port; also: fastapi, bare
python benchmarks/receivers.py send 8000 /api/upload form t.csv    # prints JSON; form or body, last the least seconds
"""

import asyncio
import hashlib
import json
import os
import socket
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

sys.path[:0] = [str(Path(__file__).parent.parent / "src")]

PIECE_BYTES = 1024 * 1024


def serve_analyzer(folder: Path) -> None:
    """What the server does with an upload, set up as `analyzer serve` does; the dataset alone is left out."""
    import uvloop
    from aiohttp import web

    from analyzer.blobs.local import LocalBlobs
    from analyzer.uploads import Upload, receiving
    from analyzer.web.receive import receive_file

    async def added(upload: Upload, *_: object) -> Any:
        await upload.complete()
        await blobs.keep(f"originals/{upload.draft.name}", upload.draft)
        return upload.sha256

    blobs = LocalBlobs(folder)
    limit_bytes = 2**40
    analyzer: Any = SimpleNamespace(
        settings=SimpleNamespace(max_upload_bytes=limit_bytes),
        receiving=lambda: receiving(blobs, limit_bytes),
    )

    async def upload(request: web.Request) -> web.Response:
        return web.json_response({"sha256": str(await receive_file(request, analyzer, added))}, status=201)

    async def serve() -> None:
        app = web.Application()
        app.router.add_post("/api/upload", upload)
        runner = web.AppRunner(app, access_log=None, handle_signals=False)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        print(runner.addresses[0][1], flush=True)
        await asyncio.Event().wait()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as loop_runner:
        loop_runner.run(serve())


def serve_fastapi(folder: Path) -> None:
    """The usual way: UploadFile, read in pieces. Nothing is copied out of its temporary file."""
    import uvicorn
    from fastapi import FastAPI, UploadFile  # type: ignore[import-not-found, unused-ignore]

    os.environ["TMPDIR"] = str(folder)
    app = FastAPI()

    @app.post("/api/upload", status_code=201)
    async def upload(file: UploadFile) -> dict[str, str]:
        digest = hashlib.sha256()
        while piece := await file.read(PIECE_BYTES):
            digest.update(piece)
        return {"sha256": digest.hexdigest()}

    listener = socket.create_server(("127.0.0.1", 0))
    print(listener.getsockname()[1], flush=True)
    config = uvicorn.Config(app, log_level="warning", loop="uvloop", http="httptools")
    uvicorn.Server(config).run(sockets=[listener])


def serve_bare(folder: Path) -> None:
    """The bound: a blocking loop of recv, hash and write that knows no HTTP but the length of the body."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        print(listener.getsockname()[1], flush=True)
        space = bytearray(PIECE_BYTES)
        while True:
            client, _ = listener.accept()
            with client, (folder / "bare").open("wb", buffering=0) as file:
                digest = hashlib.sha256()
                head, _, first = client.recv(PIECE_BYTES).partition(b"\r\n\r\n")
                missing = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0]) - len(first)
                digest.update(first)
                file.write(first)
                while missing:
                    taken = memoryview(space)[: client.recv_into(space)]
                    digest.update(taken)
                    file.write(taken)
                    missing -= len(taken)
                answer = json.dumps({"sha256": digest.hexdigest()}).encode()
                client.sendall(b"HTTP/1.1 201 Created\r\nContent-Length: %d\r\n\r\n%s" % (len(answer), answer))


def send(port: int, path: str, form: bool, file: Path, least_seconds: float = 0.0) -> dict[str, Any]:
    """Upload the file from the page cache straight into the socket, evenly within the time if one is given."""
    size = file.stat().st_size
    before, after, kind = b"", b"", "application/octet-stream"
    if form:
        mark = "----benchmark7MA4YWxkTrZu0gW7MA4YWxk"
        kind = f"multipart/form-data; boundary={mark}"
        before = (
            f'--{mark}\r\nContent-Disposition: form-data; name="file"; filename="{file.name}"\r\n'
            "Content-Type: text/csv\r\n\r\n"
        ).encode()
        after = f"\r\n--{mark}--\r\n".encode()
    head = (
        f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: {kind}\r\n"
        f"Content-Length: {len(before) + size + len(after)}\r\nConnection: close\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", port)) as connection, file.open("rb") as content:
        began = time.perf_counter()
        connection.sendall(head.encode() + before)
        sent = 0
        while sent < size:
            time.sleep(max(0.0, began + least_seconds * sent / size - time.perf_counter()))
            sent += os.sendfile(connection.fileno(), content.fileno(), sent, PIECE_BYTES)
        connection.sendall(after)
        last = time.perf_counter()
        answer = connection.recv(65536)
        now = time.perf_counter()
        while more := connection.recv(65536):
            answer += more
    status = int(answer.split(b" ", 2)[1])
    assert status == 201, answer
    body = json.loads(answer.partition(b"\r\n\r\n")[2])
    return {"seconds": now - began, "after_last_byte_seconds": now - last, "sha256": body["sha256"]}


def main() -> None:
    if sys.argv[1] == "serve":
        serve = {"analyzer": serve_analyzer, "fastapi": serve_fastapi, "bare": serve_bare}[sys.argv[2]]
        serve(Path(sys.argv[3]))
    else:
        _, _, port, path, shape, file, *seconds = sys.argv
        print(json.dumps(send(int(port), path, shape == "form", Path(file), *map(float, seconds))))


if __name__ == "__main__":
    main()
