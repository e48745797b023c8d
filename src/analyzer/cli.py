"""The command line: serve, analyze, tasks."""

import asyncio
import errno
import json
import logging
import os
import re
import signal
import sys
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Protocol

import aiohttp
import click
import pydantic
from aiohttp import web

from analyzer import __version__
from analyzer.analyses import catalogue
from analyzer.client import AnalyzerClient
from analyzer.errors import AnalyzerError, nearest
from analyzer.fields import reading_options
from analyzer.logs import configure
from analyzer.models import Dataset, Event, ReadingOptions, Run, TaskDescription
from analyzer.service import Analyzer
from analyzer.settings import Settings, temporary_data_dir
from analyzer.web import create_app

FAILED = 1  # an analysis has failed
REFUSED = 2  # what was asked for cannot be done: a bad file, an unknown task, a server that is not there

DEFAULT_TASKS = ("eda_statistical_summary", "eda_data_quality")
CLOSING_SECONDS = 5.0  # for handlers to finish after the streams were let go

log = logging.getLogger("analyzer")


class Refusal(Exception):
    """What cannot be done, as the one line that says so."""


class Workplace(Protocol):
    """What the commands need of an analyzer, be it here or behind a URL."""

    async def add_dataset(self, path: str | Path, options: ReadingOptions | None = None) -> Dataset: ...

    async def submit(self, file_id: str, task_id: str, params: Mapping[str, Any] | None = None) -> Run: ...

    def events(self, run_id: str) -> AsyncIterator[Event]: ...

    async def result(self, run_id: str) -> dict[str, Any]: ...


@click.group(invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="analyzer")
@click.pass_context
def main(context: click.Context) -> None:
    """Exact analyses of tables: as a server, or right here.

    Without a command it serves. Every setting can be given in the environment as ANALYZER_<NAME>.
    """
    if context.invoked_subcommand is None:
        context.invoke(serve)


# --- serve ------------------------------------------------------------------------------------------------------------


@main.command()
@click.option("--host", help="The address to listen on.  [default: 127.0.0.1]")
@click.option("--port", type=int, help="The port to listen on; 0 takes a free one.  [default: 8000]")
@click.option(
    "--data-dir", type=click.Path(path_type=Path, file_okay=False), help="Where uploads and results are kept."
)
@click.option("--workers", type=int, help="Worker processes.  [default: one for each core]")
@click.option("--log-format", type=click.Choice(["text", "json"]), help="How log lines look.  [default: text]")
def serve(**given: Any) -> None:
    """Serve the API until told to stop (Ctrl-C or SIGTERM)."""
    settings = _settings({name: value for name, value in given.items() if value is not None})
    configure(settings.log_format, settings.log_level)
    _warn_of_unknown_settings()
    settings = settings.model_copy(update={"allowed_hosts": settings.hosts_to_answer_for})
    _run(_serve(settings))


async def _serve(settings: Settings) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, _stop_or_die, stop, number)
    runner = web.AppRunner(
        create_app(settings), access_log=None, handle_signals=False, shutdown_timeout=CLOSING_SECONDS
    )
    try:
        await _set_up(runner, settings)
        if stop.is_set():
            return
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
        if str(failure.filename or "").startswith(str(settings.data_dir)):
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
            log.warning(f"{variable} is no setting. {nearest(variable, known, most=1)}".rstrip())  # noqa: G004 - a sentence


def _stop_or_die(stop: asyncio.Event, number: signal.Signals) -> None:
    """The first signal asks to stop; a second one is meant seriously."""
    if stop.is_set():
        signal.signal(number, signal.SIG_DFL)
        signal.raise_signal(number)
    stop.set()


# --- analyze ----------------------------------------------------------------------------------------------------------


@main.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--task", "tasks", multiple=True, metavar="ID", help="An analysis to run; may be given several times.")
@click.option("--json", "as_json", is_flag=True, help="Print the results as one JSON object by task id.")
@click.option("--server", metavar="URL", help="Let a server do the work instead of this process.")
def analyze(file: Path, tasks: tuple[str, ...], as_json: bool, server: str | None) -> None:
    """Analyse FILE and print what was found.

    Exit status: 0 when all analyses completed, 1 when one failed, 2 when it could not be begun.
    """
    configure("text", "error")
    sys.exit(_run(_analyze(file, tasks or DEFAULT_TASKS, server, as_json=as_json)))


async def _analyze(file: Path, tasks: tuple[str, ...], server: str | None, *, as_json: bool) -> int:
    from analyzer import terminal  # rich takes 60 ms to import, which the server can do without

    results: dict[str, Any] = {}
    async with _workplace(server) as workplace:
        with terminal.progress(str(file)) as show:
            dataset = await workplace.add_dataset(file)
            runs = [await workplace.submit(dataset.id, task_id) for task_id in tasks]
            endings = await asyncio.gather(*(_follow(workplace, run, show) for run in runs))
        for run, ending in zip(runs, endings, strict=True):
            if ending.type == "run.completed":
                results[run.task_id] = await workplace.result(run.id)
            else:
                error = ending.data.get("error", {})
                click.echo(f"{run.task_id}: {error.get('detail', ending.type)}", err=True)
    if as_json:
        click.echo(json.dumps(results, ensure_ascii=False, indent=2))
    else:
        terminal.show_dataset(dataset)
        for result in results.values():
            terminal.show_result(result)
    return 0 if len(results) == len(runs) else FAILED


async def _follow(workplace: Workplace, run: Run, show: Callable[[str, int, int], None]) -> Event:
    """Show how the run goes, to its final event."""
    async for event in workplace.events(run.id):
        if event.type == "run.progress":
            show(run.task_id, event.data["done"], event.data["total"])
        if event.is_final:
            return event
    raise AnalyzerError(f"The events of {run.task_id} ended without an end.")


@asynccontextmanager
async def _workplace(server: str | None) -> AsyncIterator[Workplace]:
    if server is not None:
        async with AnalyzerClient(server) as client:
            yield client
    else:
        with temporary_data_dir() as folder:
            async with Analyzer(_settings({"data_dir": Path(folder), "shutdown_grace_seconds": 0})) as analyzer:
                yield analyzer


# --- tasks ------------------------------------------------------------------------------------------------------------


@main.command()
@click.option("--json", "as_json", is_flag=True, help="Print everything about them, JSON Schemas included.")
@click.option("--server", metavar="URL", help="Ask a server for its catalogue.")
def tasks(as_json: bool, server: str | None) -> None:
    """List the analyses there are."""
    from analyzer import terminal  # as above

    found = _run(_tasks_of(server)) if server else catalogue().descriptions()
    if as_json:
        click.echo(json.dumps([task.model_dump() for task in found], ensure_ascii=False, indent=2))
    else:
        terminal.show_tasks(found)


async def _tasks_of(server: str) -> list[TaskDescription]:
    async with AnalyzerClient(server) as client:
        return await client.tasks()


# --- all of them ------------------------------------------------------------------------------------------------------


def _settings(given: Mapping[str, Any]) -> Settings:
    try:
        return Settings(**given)
    except pydantic.ValidationError as failure:
        for error in failure.errors():
            click.echo(f"Setting {'.'.join(map(str, error['loc']))}: {error['msg']}, not {error['input']!r}.", err=True)
        sys.exit(REFUSED)


def _run(work: Coroutine[Any, Any, Any]) -> Any:
    """Run to the end on the fastest loop there is; what goes wrong becomes one line and an exit status."""
    try:
        with asyncio.Runner(loop_factory=_loop_factory()) as runner:
            return runner.run(work)
    except AnalyzerError as error:
        click.echo(f"{error.title}: {error.detail}", err=True)
    except aiohttp.ClientError as error:
        click.echo(f"The server cannot be reached: {error}", err=True)
    except OSError as error:
        click.echo(str(error), err=True)
    except KeyboardInterrupt:
        click.echo("Stopped.", err=True)
    sys.exit(REFUSED)


def _loop_factory() -> Any:
    try:
        import uvloop  # absent on systems it does not support
    except ImportError:
        return None
    return uvloop.new_event_loop
