"""`analyzer serve`."""

import asyncio
import errno
import logging
import os
import signal
from pathlib import Path
from typing import Any

import click
from aiohttp import web

from analyzer.cli.running import Refusal, run, settings_from
from analyzer.errors import nearest
from analyzer.logs import configure
from analyzer.settings import Settings
from analyzer.web import Runner, collect_seldom, create_app

CLOSING_SECONDS = 5.0  # for handlers to finish after the streams were let go

log = logging.getLogger("analyzer")


@click.command()
@click.option("--host", help="The address to listen on.  [default: 127.0.0.1]")
@click.option("--port", type=int, help="The port to listen on; 0 takes a free one.  [default: 8000]")
@click.option(
    "--data-dir", type=click.Path(path_type=Path, file_okay=False), help="Where uploads and results are kept."
)
@click.option("--workers", type=int, help="Worker processes.  [default: one for each core]")
@click.option("--log-format", type=click.Choice(["text", "json"]), help="How log lines look.  [default: text]")
def serve(**given: Any) -> None:
    """Serve the API until told to stop (Ctrl-C or SIGTERM)."""
    settings = settings_from({name: value for name, value in given.items() if value is not None})
    configure(settings.log_format, settings.log_level)
    _warn_of_unknown_settings()
    settings = settings.model_copy(update={"allowed_hosts": settings.hosts_to_answer_for})
    run(_serve(settings), serving=True)


async def _serve(settings: Settings) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, _stop_or_die, stop, number)
    runner = Runner(create_app(settings), handle_signals=False, shutdown_timeout=CLOSING_SECONDS)
    try:
        await _set_up(runner, settings)
        if stop.is_set():
            return
        collect_seldom()
        await _listen(runner, settings)
        host, port = runner.addresses[0][:2]
        url = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
        log.info("serving", extra={"url": url, "data_dir": settings.data_dir, "workers": settings.workers})
        await stop.wait()
        log.info("stopping")
    finally:
        await runner.cleanup()
    log.info("stopped")


async def _set_up(runner: web.AppRunner, settings: Settings) -> None:
    try:
        await runner.setup()
    except OSError as failure:
        concerned, folder = Path(str(failure.filename)), settings.data_dir
        if concerned.is_relative_to(folder) or folder.is_relative_to(concerned):
            raise Refusal(f"The data folder {settings.data_dir} cannot be used: {failure.strerror}.") from failure
        raise


async def _listen(runner: web.AppRunner, settings: Settings) -> None:
    try:
        await web.TCPSite(runner, settings.host, settings.port).start()
    except OSError as failure:
        if failure.errno == errno.EADDRINUSE:
            raise Refusal(f"Port {settings.port} is taken; choose another with --port or ANALYZER_PORT.") from failure
        if failure.errno == errno.EACCES:
            raise Refusal(f"Port {settings.port} is not yours to listen on; choose one above 1023.") from failure
        raise Refusal(
            f"{settings.host} is no address of this machine; choose another with --host or ANALYZER_HOST."
        ) from failure


def _warn_of_unknown_settings() -> None:
    """A misspelt setting would otherwise be the default, and nobody would know."""
    known = {f"ANALYZER_{name.upper()}" for name in Settings.model_fields}
    for variable in sorted(os.environ):
        if variable.upper().startswith("ANALYZER_") and variable.upper() not in known:
            log.warning(f"{variable} is no setting. {nearest(variable, known, most=1)}".rstrip())


def _stop_or_die(stop: asyncio.Event, number: signal.Signals) -> None:
    """The first signal asks to stop; a second one is meant seriously."""
    if stop.is_set():
        signal.signal(number, signal.SIG_DFL)
        signal.raise_signal(number)
    stop.set()
