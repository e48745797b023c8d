"""Imported ahead by the forkserver of the jail: text encodings, which Python else imports when first asked for.

Behind the walls most could still be imported; but a file that says `cp437` should not cost an import in every run.
"""

import encodings
import importlib
import pkgutil
from contextlib import suppress

for _module in pkgutil.iter_modules(encodings.__path__, "encodings."):
    with suppress(ImportError):  # those of other systems
        importlib.import_module(_module.name)
