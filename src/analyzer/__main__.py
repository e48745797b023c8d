"""`python -m analyzer`, and the command `analyzer`.

Signals are heeded before anything else is imported: importing takes half a second, in which a service manager may
already want the server to stop.
"""

import signal
import sys
from types import FrameType

STOPPED, REFUSED = 0, 2  # a server that is told to stop has done what it should; a command has not


def main() -> None:
    """Run the command line."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _leave)
    from analyzer.cli import main as command_line

    command_line()


def _leave(number: int, frame: FrameType | None) -> None:
    serving = not sys.argv[1:] or sys.argv[1] == "serve"
    sys.exit(STOPPED if serving else REFUSED)


if __name__ == "__main__":
    main()
