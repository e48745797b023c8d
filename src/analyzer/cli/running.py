"""What all commands share: settings, the loop, and how what goes wrong becomes one line and an exit status."""

import asyncio
import logging
import signal
import sys
import traceback
from collections.abc import Coroutine, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from typing import Any

import aiohttp
import click
import pydantic

from analyzer.errors import AnalyzerError
from analyzer.logs import configure
from analyzer.settings import Settings

FAILED = 1  # an analysis has failed
REFUSED = 2  # what was asked for cannot be done: a bad file, an unknown task, a server that is not there

SEE_DEBUG = "ANALYZER_LOG_LEVEL=debug shows why."

log = logging.getLogger("analyzer")


class Refusal(Exception):
    """What cannot be done, as the one line that says so."""


def settings_from(given: Mapping[str, Any]) -> Settings:
    """These and those of the environment. Ends the command when one is not valid."""
    try:
        return Settings(**given)
    except pydantic.ValidationError as failure:
        for error in failure.errors():
            complain(f"Setting {'.'.join(map(str, error['loc']))}: {error['msg']}, not {error['input']!r}.")
        sys.exit(REFUSED)


def log_for_commands() -> None:
    """What a command has to say it prints; the log, with its traces, is for those who ask for it."""
    debugging = settings_from({}).log_level == "debug"
    configure("text", "error" if debugging else "critical")
    log.setLevel("DEBUG" if debugging else "NOTSET")


def run(work: Coroutine[Any, Any, Any], *, serving: bool = False) -> Any:
    """Run to the end on the fastest loop there is; what goes wrong becomes one line and an exit status."""
    try:
        with (
            nullcontext() if serving else _stopping_on_sigterm(),
            asyncio.Runner(loop_factory=_loop_factory()) as runner,
        ):
            return runner.run(work)
    except Refusal as refusal:
        complain(str(refusal))
    except AnalyzerError as error:
        complain(f"{error.title}: {error.detail}")
    except aiohttp.ClientError as error:
        complain(f"The server cannot be reached: {error}")
    except OSError as error:
        complain(str(error))
    except KeyboardInterrupt:
        complain("Stopped.")
    except Exception as failure:
        log.debug("unexpected", exc_info=failure)
        complain(f"Something went wrong on our side: {_last_line(failure)} {SEE_DEBUG}")
    sys.exit(REFUSED)


def complain(line: str) -> None:
    """Say on standard error what went wrong."""
    from analyzer.terminal import plain  # as above

    click.echo(plain(line), err=True)


def _last_line(failure: Exception) -> str:
    """What it was, without where; a failure of a worker carries its trace as text, and that ends with the same."""
    lines = "".join(traceback.format_exception_only(failure)).strip().splitlines()
    return lines[-1].rstrip(".") + "."


@contextmanager
def _stopping_on_sigterm() -> Iterator[None]:
    """SIGTERM is what Ctrl-C is: the work is cancelled and cleaned up."""
    before = {
        signal.SIGINT: signal.signal(signal.SIGINT, signal.default_int_handler),
        signal.SIGTERM: signal.signal(signal.SIGTERM, lambda number, frame: signal.raise_signal(signal.SIGINT)),
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _loop_factory() -> Any:
    try:
        import uvloop  # absent on systems it does not support
    except ImportError:
        return None
    return uvloop.new_event_loop
