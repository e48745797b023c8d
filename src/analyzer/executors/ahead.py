"""Imported last by the forkserver of the jail: what every run would else do again for itself, at its own cost.

Each supervisor and each jailed process is a copy of this one. What is looked up, imported and made here they have;
and memory that they do not touch they need not copy.
"""

import encodings
import gc
import importlib
import pkgutil
from contextlib import suppress

from analyzer.analyses.code import inside
from analyzer.analyses.code.results import Printed, checked_result
from analyzer.jail import limits, places, seccomp

FIRST_OF_ITS_NAMESPACE = 1


def _import_encodings() -> None:
    """Which Python else imports when they are first asked for."""
    for module in pkgutil.iter_modules(encodings.__path__, "encodings."):
        with suppress(ImportError):  # those of other systems
            importlib.import_module(module.name)


def _rehearse() -> None:
    """Once through what every run does, with code of ours: much is made only when it is first used."""
    inside.run("df", {}, save=False, send=lambda kind, value: None, send_bytes=lambda kind, data: None)
    inside.run("1", {}, save=False, send=lambda kind, value: None, send_bytes=lambda kind, data: None)
    checked_result({"kind": "value", "value": 1}, Printed(text="")).model_dump_json()


_import_encodings()
_rehearse()
places.import_path()
with suppress(OSError):  # an architecture without a table: the layer will say so
    seccomp.encoded(FIRST_OF_ITS_NAMESPACE)
limits.bytes_at_rest()
gc.collect()
gc.freeze()  # a collection in a child need not look at all this, and so not copy it
