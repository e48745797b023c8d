"""What jailed code may read: Python, its packages and the system's libraries. No data, no configuration, no home."""

import os
import stat
import sys
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

SYSTEM = ("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib", "/usr/share/zoneinfo")
LINKER_CACHE = "/etc/ld.so.cache"
DEVICES = ("/dev/null", "/dev/urandom")
SCRATCH = "/tmp"  # noqa: S108 - inside the jail it is a file system of its own


def python_folders() -> list[str]:
    """Where this Python imports from, as far as these are libraries and not somebody's working folder."""
    roots = [str(Path(prefix, name)) for prefix in (sys.base_prefix, sys.prefix) for name in ("lib", "lib64")]
    packages = [entry for entry in sys.path if Path(entry).name in ("site-packages", "dist-packages")]
    return [folder for folder in (*roots, *packages) if Path(folder).is_dir()]


@lru_cache(maxsize=1)
def readable() -> tuple[str, ...]:
    """All of it: existing paths, none below another of them, symbolic links among them as such.

    Looked up once, where all jails are forked from.
    """
    return tuple(_outermost([*SYSTEM, LINKER_CACHE, *python_folders()]))


def _outermost(paths: Iterable[str]) -> list[str]:
    kept: list[str] = []
    for path in sorted({path for path in paths if os.path.lexists(path)}):
        if not any(path.startswith(f"{other}/") for other in kept):
            kept.append(path)
    return kept


def import_path() -> list[str]:
    """`sys.path` as jailed code has it."""
    allowed = readable()
    return [entry for entry in sys.path if any(f"{entry}/".startswith(f"{root}/") for root in allowed)]


def unreachable_for_others() -> str | None:
    """The first folder on the way to Python that only its owner may enter, if there is one."""
    for folder in python_folders():
        for step in [*reversed(Path(folder).parents), Path(folder)]:
            if not step.stat().st_mode & stat.S_IXOTH:
                return str(step)
    return None
