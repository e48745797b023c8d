"""The other way into namespaces: bubblewrap makes them and the root, and a fresh Python inside puts up the rest.

For those who trust a program that distributions have audited more than our own calls. It is slower, since pandas is
imported again in every jail; standbys hide that.
"""

import json
import os
import sys
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, NoReturn

from analyzer.jail import places
from analyzer.jail.entering import Walls, is_root
from analyzer.jail.levels import Layer
from analyzer.jail.limits import Limits, bytes_at_rest
from analyzer.jail.syscalls import detach

PROC = "/proc"
NEEDED = ("CAP_SETUID", "CAP_SETGID", "CAP_SETPCAP", "CAP_SYS_ADMIN")
"""What the Python inside gives up again before it runs anything: to become another user, and to mount its scratch."""

PROGRAM = "import sys; sys.path[:] = {path!r}; from {module} import main; main({told!r})"
PACKAGE = str(Path(__file__).parents[1])
SOURCE = str(Path(PACKAGE).parent)  # which Python looks through when it imports


def execute(walls: Walls, module: str, **told: Any) -> NoReturn:
    """Become bubblewrap, which runs `main` of the module with what it is told and the walls. Raises OSError."""
    said = json.dumps(told | {"walls": _written(walls)})
    # Where the module is imported from is not always among the places that foreign code may read.
    path = [*places.import_path(), SOURCE]
    program = PROGRAM.format(path=path, module=module, told=said)
    command = [walls.bubblewrap, *_options(walls), "--", _python(), "-I", "-c", program]
    os.execve(walls.bubblewrap, command, dict(os.environ))  # noqa: S606 - the program the operator has chosen


def _options(walls: Walls) -> list[str]:
    options = ["--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup"]
    options += ["--as-pid-1", "--die-with-parent"]
    if not is_root():
        options += ["--unshare-user", "--uid", str(walls.user), "--gid", str(walls.user)]
    for capability in NEEDED:
        options += ["--cap-add", capability]
    shown = (*places.readable(), _python(), PACKAGE)
    # The folders on the way can be gone through and not listed; bubblewrap would make them for their owner alone.
    for folder in sorted({PROC, *(str(parent) for path in (*shown, *places.DEVICES) for parent in Path(path).parents)}):
        options += ["--perms", "0555" if folder == SOURCE else "0111", "--dir", folder]
    for path in shown:
        if os.path.islink(path):  # noqa: PTH114 - as all of the jail that is done for every run
            options += ["--symlink", os.readlink(path), path]  # noqa: PTH115
        else:
            options += ["--ro-bind", path, path]
    for device in places.DEVICES:
        options += ["--dev-bind-try", device, device]
    # There is no looking at how much memory Python holds without /proc, which goes before anything foreign comes.
    return [*options, "--proc", PROC, "--dir", places.SCRATCH, "--remount-ro", "/", "--chdir", "/"]


def _python() -> str:
    return os.path.realpath(sys.executable)


def _written(walls: Walls) -> dict[str, Any]:
    return asdict(walls) | {"layers": sorted(walls.layers)}


def leave_proc() -> None:
    """Inside: have the last look at /proc, and take it away. Raises OSError."""
    bytes_at_rest()
    detach(PROC)


def read(told: Mapping[str, Any]) -> Walls:
    """The walls that were told to the program inside."""
    layers = frozenset(Layer(name) for name in told["layers"])
    return Walls(**(dict(told) | {"layers": layers, "limits": Limits(**told["limits"])}))
