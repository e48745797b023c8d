"""Imported last by the forkserver of the jail: what every run would else do again for itself, at its own cost.

Each supervisor and each jailed process is a copy of this one. What is looked up, imported and made here they have;
and memory that they do not touch they need not copy.
"""

import encodings
import gc
import importlib
import multiprocessing
import os
import pkgutil
from contextlib import suppress
from pathlib import Path
from typing import Any

import pyarrow as pa

from analyzer.analyses.code import inside
from analyzer.analyses.code.results import Printed, checked_result
from analyzer.jail import limits, places, seccomp, syscalls
from analyzer.jail.channel import RESULT, decode, encode

FIRST_OF_ITS_NAMESPACE = 1
HUGE_PAGE = 2 << 20
MOMENTS = pa.timestamp("us")
REHEARSED = ("print('begun')\n1", "df.describe()", "df.groupby('text').mean(numeric_only=True)", "df['none']")


def _import_encodings() -> None:
    """Which Python else imports when they are first asked for."""
    for module in pkgutil.iter_modules(encodings.__path__, "encodings."):
        with suppress(ImportError):  # those of other systems
            importlib.import_module(module.name)


def _rehearse() -> None:
    """Once through what every run does, with code and a table of ours: much is made only when it is first used."""
    table = pa.table({"text": ["a", None], "number": [1.5, None], "whole": [1, 2], "moment": pa.array([0, 1], MOMENTS)})
    with os.fdopen(os.memfd_create("rehearsal"), "wb") as file:
        with pa.ipc.new_file(file, table.schema) as writer:
            writer.write_table(table)
        file.flush()
        for code in REHEARSED:
            inside.Workspace().run(code, {"df": file.fileno()}, save=False, send=_hear, send_bytes=_hear)


def _hear(kind: bytes, said: Any) -> None:
    """What the supervisor does with it."""
    if kind == RESULT:
        decode(encode(said))
        checked_result(said, Printed(text="")).model_dump_json()


def _gather_memory() -> None:
    """To fork is to copy the table of pages: with huge ones, an entry for 2 MiB in place of 512, which halves its time.

    A page that a child then writes to is copied as a small one all the same.
    """
    for line in Path("/proc/self/maps").read_text().splitlines():
        span, rights, _, _, inode, *_ = line.split()
        first, last = (int(end, 16) for end in span.split("-"))
        first, last = -(-first // HUGE_PAGE) * HUGE_PAGE, last // HUGE_PAGE * HUGE_PAGE
        if rights == "rw-p" and inode == "0" and last > first:
            with suppress(OSError):  # a kernel without; then it stays as it is
                syscalls.collapse(first, last - first)


multiprocessing.current_process().authkey = b""  # its own, and no business of foreign code all the same
_import_encodings()
_rehearse()
places.import_path()
with suppress(OSError):  # an architecture without a table: the layer will say so
    seccomp.encoded(FIRST_OF_ITS_NAMESPACE)
limits.bytes_at_rest()
gc.collect()
with suppress(OSError):  # a system without /proc
    _gather_memory()
gc.freeze()  # a collection in a child need not look at all this, and so not copy it
