"""Imported last by the forkserver of the jail: what every run would else do again for itself, at its own cost.

Each supervisor and each jailed process is a copy of this one. What is looked up, imported and made here they have;
and memory that they do not touch they need not copy.
"""

import encodings
import gc
import importlib
import os
import pkgutil
from contextlib import suppress
from typing import Any

import pyarrow as pa

from analyzer.analyses.code import inside
from analyzer.analyses.code.results import Printed, checked_result
from analyzer.jail import limits, places, seccomp
from analyzer.jail.channel import RESULT, decode, encode

FIRST_OF_ITS_NAMESPACE = 1
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


_import_encodings()
_rehearse()
places.import_path()
with suppress(OSError):  # an architecture without a table: the layer will say so
    seccomp.encoded(FIRST_OF_ITS_NAMESPACE)
limits.bytes_at_rest()
gc.collect()
gc.freeze()  # a collection in a child need not look at all this, and so not copy it
