"""A test that hangs is ended with its process: its name and what each of its tasks waits for are the last it says.

pytest-timeout raises in a handler of a signal. uvloop does not wake up for that while all its tasks wait, and while
some run, it may be raised in a callback whose failures are only logged. Then nothing would ever end the test, nor tell
which one it was.
"""

import asyncio
import faulthandler
import gc
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from _pytest.faulthandler import fault_handler_stderr_fd_key  # captured output would die with the process

LATER_SECONDS = 30.0  # than pytest-timeout, which is to end what it can


@contextmanager
def ended_when_stuck(item: pytest.Item) -> Iterator[None]:
    marked = item.get_closest_marker("timeout")
    seconds = LATER_SECONDS + float(marked.args[0] if marked else item.config.getini("timeout"))
    told_to = item.config.stash[fault_handler_stderr_fd_key]
    timer = threading.Timer(seconds, _end, [item.nodeid, told_to])
    timer.daemon = True
    timer.start()
    faulthandler.dump_traceback_later(seconds + 30, file=told_to, exit=True)  # where no thread gets to run
    try:
        yield
    finally:
        faulthandler.cancel_dump_traceback_later()
        timer.cancel()


def _end(name: str, told_to: int) -> None:
    with open(told_to, "w", closefd=False) as out:
        print(f"\n{name} is stuck. Its tasks:", file=out)
        for task in [found for found in gc.get_objects() if isinstance(found, asyncio.Task)]:
            if not task.done():
                task.print_stack(file=out)
    os._exit(1)
