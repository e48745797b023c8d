"""What happens inside the jail: the tables are opened, the code is run, and what came of it is told."""

import ast
import builtins
import linecache
import mmap
import os
import sys
import traceback
from collections.abc import Callable, Mapping
from types import CodeType, TracebackType
from typing import Any, TextIO

import numpy as np
import pandas as pd
import pyarrow as pa

from analyzer.analyses.code import pictures
from analyzer.analyses.code.values import NoResult, TooLarge, as_frame, told
from analyzer.errors import nearest

FILENAME = "<code>"
MOST_FRAMES = 12
MOST_MESSAGE = 1500
MOST_TRACE = 15_000

Send = Callable[[bytes, Any], None]
"""Says something of a kind as JSON."""

SendBytes = Callable[[bytes, bytes], None]
"""Says something of a kind as bytes."""


class Workspace:
    """The names that code finds and leaves, and the tables that are open: for one run, or for many if it lasts."""

    def __init__(self, *, lasting: bool = False) -> None:
        self.names: dict[str, Any] = {}
        self._lasting = lasting
        self._tables: dict[str, pd.DataFrame] = {}
        self._files: dict[str, tuple[int, int]] = {}  # of which each table was opened
        self._runs = 0

    def run(self, code: str, descriptors: Mapping[str, int], *, save: bool, send: Send, send_bytes: SendBytes) -> None:
        """Run the code to its end, and tell what came of it. Never raises what the code raises."""
        try:
            if not self._runs:
                np.random.seed()  # the forked state would be the same in every jail
                pictures.prepare()
            self._runs += 1
            sys.stdout, sys.stderr = _stream(1), _stream(2)
            result, given = self._execute(code, descriptors, send)
            answer = told(result) if given else {"kind": "text", "text": ""}
            if save:
                _send_table(result, send_bytes)
            _flush()
            send(b"R", answer)
        except BaseException as failure:  # noqa: BLE001 - the border of the jail: SystemExit and all
            failure.__traceback__ = _own_part(failure.__traceback__)
            _flush()
            send(b"X", _failure(failure, self.names))

    def _execute(self, code: str, descriptors: Mapping[str, int], send: Send) -> tuple[Any, bool]:
        """The result, and whether there is one."""
        linecache.cache[FILENAME] = (len(code), None, code.splitlines(keepends=True), FILENAME)
        body, last = _compiled(code)
        self._open(code, descriptors)
        self.names.pop("result", None)
        pictures.forget_drawn()
        self.names |= {
            "__name__": "__main__",
            "__builtins__": builtins,
            "tables": dict(self._tables),
            "emit": _emitter(send),
            "pd": pd,
            "np": np,
        }
        exec(body, self.names)  # noqa: S102 - this is what the jail is for
        value = eval(last, self.names) if last is not None else None  # noqa: S307 - and this
        if "result" in self.names:
            value = self.names["result"]
        elif (figure := pictures.drawn()) is not None and not isinstance(value, pd.DataFrame):
            value = figure
        return value, value is not None or "result" in self.names

    def _open(self, code: str, descriptors: Mapping[str, int]) -> None:
        """Open the tables of this run. What code has made of one stays, as long as its runs name the same dataset."""
        for name in set(self._tables) - set(descriptors):
            del self._tables[name], self._files[name]
        for name, descriptor in descriptors.items():
            # Opening one takes some milliseconds, so those that the code does not speak of stay closed.
            if not (self._lasting or "tables" in code or name in code):
                continue
            status = os.fstat(descriptor)
            file = (status.st_dev, status.st_ino)
            if self._files.get(name) != file:
                self._tables[name], self._files[name] = _open(descriptor), file
                if name == "df":
                    self.names["df"] = self._tables[name]
            if self._lasting:
                os.close(descriptor)
        self.names.setdefault("df", None)


def _stream(descriptor: int) -> TextIO:
    """Where to print, seen line by line."""
    return open(descriptor, "w", buffering=1, encoding="utf-8", errors="replace", closefd=False)


def _compiled(code: str) -> tuple[CodeType, CodeType | None]:
    """The code, and its last line where that is an expression: what it is worth may be the result."""
    tree = ast.parse(code, FILENAME)
    last = None
    if tree.body and isinstance(expression := tree.body[-1], ast.Expr):
        tree.body.pop()
        last = compile(ast.Expression(expression.value), FILENAME, "eval")
    return compile(tree, FILENAME, "exec"), last


def _open(descriptor: int) -> pd.DataFrame:
    """The table of an Arrow file, mapped: its columns are read when they are used."""
    mapped = mmap.mmap(descriptor, 0, flags=mmap.MAP_PRIVATE, prot=mmap.PROT_READ)
    with pa.ipc.open_file(pa.BufferReader(pa.py_buffer(mapped))) as reader:
        table: pd.DataFrame = reader.read_all().to_pandas(types_mapper=pd.ArrowDtype)
    return table


def _emitter(send: Send) -> Callable[..., None]:
    def emit(
        value: Any = None, name: str = "", *, done: int | None = None, total: int | None = None, message: str = ""
    ) -> None:
        """Show something finished, or say how far the code is."""
        _flush()
        if done is not None:
            send(b"E", {"done": int(done), "total": int(total or 0), "message": str(message)[:500]})
        else:
            send(b"E", {"name": str(name)[:500], "content": told(value)})

    return emit


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError, AttributeError):  # closed or replaced by the code
            continue


class _TableWriter:
    """Takes the bytes of an Arrow file and says them."""

    closed = False

    def __init__(self, send_bytes: SendBytes) -> None:
        self._send_bytes = send_bytes
        self._at = 0

    def write(self, data: Any) -> int:
        view = memoryview(data)
        for start in range(0, view.nbytes, 1 << 20):
            self._send_bytes(b"T", bytes(view[start : start + (1 << 20)]))
        self._at += view.nbytes
        return view.nbytes

    def tell(self) -> int:
        return self._at

    def flush(self) -> None: ...

    def close(self) -> None: ...


def _send_table(result: Any, send_bytes: SendBytes) -> None:
    frame = as_frame(result)
    if frame is None:
        raise NoResult("Only a table can be kept as a dataset: the result is none.")
    try:
        table = pa.Table.from_pandas(frame, preserve_index=False)
    except (pa.ArrowInvalid, pa.ArrowTypeError) as failure:
        raise NoResult(f"This table cannot be kept as a dataset: {failure}") from None
    with pa.ipc.new_file(pa.PythonFile(_TableWriter(send_bytes), mode="w"), table.schema) as writer:
        writer.write_table(table)


# --- what went wrong --------------------------------------------------------------------------------------------------


def _own_part(trace: TracebackType | None) -> TracebackType | None:
    """From the first line of the code on."""
    while trace is not None and trace.tb_frame.f_code.co_filename != FILENAME:
        trace = trace.tb_next
    return trace


def _failure(failure: BaseException, names: Mapping[str, Any]) -> dict[str, Any]:
    line = _line(failure)
    if isinstance(failure, NoResult):
        return {"kind": "result-invalid", "detail": str(failure)[:MOST_MESSAGE]}
    if isinstance(failure, TooLarge):
        return {"kind": "result-too-large", "detail": str(failure)[:MOST_MESSAGE]}
    if isinstance(failure, MemoryError):
        return {"kind": "memory-limit", "detail": "The code needed more memory than it may use.", "line": line}
    message = _plain(f"{type(failure).__name__}: {_message(failure)}".rstrip(": "))[:MOST_MESSAGE]
    hint = _hint(failure, names)
    where = f"Line {line}: " if line else ""
    return {
        "kind": "code-error",
        "detail": f"{where}{message}{'' if message.endswith('.') else '.'} {hint}".rstrip(),
        "line": line,
        "traceback": _trace(failure, message),
        "hint": hint,
    }


def _message(failure: BaseException) -> str:
    try:
        return failure.msg if isinstance(failure, SyntaxError) else str(failure)
    except Exception:  # noqa: BLE001 - a class of the code's own, which cannot even say what it is
        return ""


def _line(failure: BaseException) -> int | None:
    """The last line of the code itself that was at work."""
    if isinstance(failure, SyntaxError) and failure.filename == FILENAME:
        return failure.lineno
    lines = [frame.lineno for frame in traceback.extract_tb(failure.__traceback__) if frame.filename == FILENAME]
    return lines[-1] if lines else None


def _trace(failure: BaseException, message: str) -> str:
    frames = traceback.extract_tb(failure.__traceback__)
    lines = ["Traceback (most recent call last):"]
    shown = frames if len(frames) <= MOST_FRAMES else [*frames[: MOST_FRAMES // 2], *frames[-MOST_FRAMES // 2 :]]
    for frame in shown:
        lines.append(f"  {_plain(frame.filename)}, line {frame.lineno}, in {frame.name}")
        if frame.filename == FILENAME and frame.line:
            lines.append(f"    {frame.line}")
    if isinstance(failure, SyntaxError) and failure.text:
        lines.append(f"    {failure.text.rstrip()}")
    return "\n".join([*lines, message])[:MOST_TRACE]


def _plain(text: str) -> str:
    """Without the folders of this server."""
    for folder in sorted((*sys.path, sys.prefix, sys.base_prefix), key=len, reverse=True):
        if len(folder) > 1:
            text = text.replace(f"{folder}/", "").replace(folder, "")
    return text.encode("utf-8", "replace").decode()


def _hint(failure: BaseException, names: Mapping[str, Any]) -> str:
    """What was probably meant."""
    if isinstance(failure, KeyError) and failure.args:
        wanted, known = str(failure.args[0]), _columns(names)
    elif isinstance(failure, AttributeError) and isinstance(failure.name, str):
        wanted, known = failure.name, [*_columns(names), *_attributes(failure.obj)]
    elif isinstance(failure, NameError) and isinstance(failure.name, str):
        wanted, known = failure.name, [name for name in (*names, *dir(builtins)) if not name.startswith("_")]
    else:
        return ""
    near = nearest(wanted[:100], known)
    return near or (f"There are: {', '.join(known[:30])}."[:800] if isinstance(failure, KeyError) and known else "")


def _columns(names: Mapping[str, Any]) -> list[str]:
    frames = [value for value in names.values() if isinstance(value, pd.DataFrame)]
    return [str(name) for frame in frames for name in frame.columns]


def _attributes(of: object) -> list[str]:
    try:
        return [name for name in dir(of) if not name.startswith("_")]
    except Exception:  # noqa: BLE001 - a class of the code's own
        return []
