"""What the Python inside of bubblewrap runs when it is to run foreign code."""

import json
import os
import sys

from analyzer.analyses.code import inside
from analyzer.executors import ahead  # noqa: F401 - imports and rehearses what code finds ready
from analyzer.executors.jailer import act_in
from analyzer.jail import bubblewrap, places
from analyzer.jail.becoming import SAID, live
from analyzer.jail.channel import ERROR, Mouth
from analyzer.jail.entering import enter


def main(told: str) -> None:
    """Put up the rest of the walls, and do what comes."""
    walls, mouth = bubblewrap.read(json.loads(told)["walls"]), Mouth(SAID)
    try:
        sys.path[:] = places.import_path()
        bubblewrap.leave_proc()
        enter(walls, wrapped=True)
    except (OSError, ValueError) as failure:
        mouth.send(ERROR, str(failure).encode())
        os._exit(1)
    live(act_in(inside.Workspace(lasting=walls.lasting)), mouth, lasting=walls.lasting)
