"""`analyzer analyze`."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import click

from analyzer.cli.running import FAILED, SEE_DEBUG, complain, log_for_commands, run, settings_from
from analyzer.cli.workplace import Workplace, tasks_of, workplace_at
from analyzer.errors import AnalyzerError
from analyzer.fields import reading_options
from analyzer.models import Dataset, Event, Run
from analyzer.piped import standard_input

CANCELLING_SECONDS = 5.0  # for a server to be told that nobody waits any more
DEFAULT_TASKS = ("eda_statistical_summary", "eda_data_quality")


def name_value_pairs(context: click.Context, option: click.Parameter, given: tuple[str, ...]) -> dict[str, str]:
    """`name=value`, as often as it was given."""
    pairs = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not (name and equals):
            raise click.BadParameter(f"{text!r} is not of the form name=value.")
        pairs[name] = value
    return pairs


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path))
@click.option("--task", "tasks", multiple=True, metavar="ID", help="An analysis to run; may be given several times.")
@click.option(
    *("--option", "options"),
    multiple=True,
    metavar="NAME=VALUE",
    callback=name_value_pairs,
    help="How to read FILE: delimiter, encoding, header, decimal …; may be given several times.",
)
@click.option(
    *("--param", "params"),
    multiple=True,
    metavar="NAME=VALUE",
    callback=name_value_pairs,
    help="A parameter of every analysis, as JSON or else as text; may be given several times.",
)
@click.option(
    "--reference",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The table that FILE is compared with, for analyses of two; it is read like FILE.",
)
@click.option("--name", default="stdin", show_default=True, help="What to call standard input, when FILE is -.")
@click.option("--json", "as_json", is_flag=True, help="Print the results as one JSON object by task id.")
@click.option("--server", metavar="URL", help="Let a server do the work instead of this process.")
def analyze(
    file: Path,
    tasks: tuple[str, ...],
    options: dict[str, str],
    params: dict[str, str],
    reference: Path | None,
    name: str,
    as_json: bool,
    server: str | None,
) -> None:
    """Analyse FILE, or standard input if it is -, and print what was found.

    Exit status: 0 when all analyses completed, 1 when one failed, 2 when it could not be begun.
    """
    log_for_commands()
    request = Request(
        tasks or DEFAULT_TASKS, options, {key: _json_or_text(text) for key, text in params.items()}, reference
    )
    sys.exit(run(_analyze(file, name, request, server, as_json=as_json)))


@dataclass(frozen=True)
class Request:
    """What to do with a file."""

    tasks: tuple[str, ...]
    options: Mapping[str, str]
    params: Mapping[str, Any]
    reference: Path | None = None


async def _analyze(file: Path, name: str, request: Request, server: str | None, *, as_json: bool) -> int:
    from analyzer import terminal  # rich takes 60 ms to import, which the server can do without

    results: dict[str, Any] = {}
    options = reading_options(request.options)
    async with _file(file, name) as path, workplace_at(server) as workplace:
        with terminal.progress(name if str(file) == "-" else str(file)) as show:
            dataset = await workplace.add_dataset(path, options)
            against = await workplace.add_dataset(request.reference, options) if request.reference else None
            async with _ending_with_us(workplace) as runs:
                for task_id in request.tasks:
                    runs.append(await workplace.submit(dataset.id, task_id, _params(request, task_id, against)))
                endings = await asyncio.gather(*(_follow(workplace, run, show) for run in runs))
        for run, ending in zip(runs, endings, strict=True):
            if ending.type == "run.completed":
                results[run.task_id] = await workplace.result(run.id)
            else:
                complain(f"{run.task_id}: {_why(ending, far=server is not None)}")
    if as_json:
        click.echo(terminal.plain_json(results))
    else:
        titles = {task.task_id: task.title for task in await tasks_of(server)}
        terminal.show_dataset(dataset)
        for task_id, result in results.items():
            terminal.show_result(result, titles.get(task_id, task_id))
    return 0 if len(results) == len(set(request.tasks)) else FAILED


def _params(request: Request, task_id: str, reference: Dataset | None) -> Mapping[str, Any]:
    """Those that were given, and the reference for analyses that compare with one."""
    if reference is None or not task_id.startswith("compare_"):
        return request.params
    return {**request.params, "reference": reference.id}


def _why(ending: Event, *, far: bool) -> str:
    """Why the run has no result. Only a server has a log that one could look into."""
    error = ending.data.get("error", {})
    if not far and str(error.get("type")).endswith(AnalyzerError.code):
        return f"The run failed unexpectedly. {SEE_DEBUG}"
    return str(error.get("detail", ending.type))


def _json_or_text(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


@asynccontextmanager
async def _file(file: Path, name: str) -> AsyncIterator[Path]:
    if str(file) == "-":
        async with standard_input(name, settings_from({}).max_upload_bytes) as path:
            yield path
    else:
        yield file


@asynccontextmanager
async def _ending_with_us(workplace: Workplace) -> AsyncIterator[list[Run]]:
    """The runs that are put into this list are cancelled when we are: nobody would look at what comes of them."""
    runs: list[Run] = []
    try:
        yield runs
    except asyncio.CancelledError:
        with suppress(AnalyzerError, aiohttp.ClientError, TimeoutError):
            async with asyncio.timeout(CANCELLING_SECONDS):
                await asyncio.gather(*(workplace.cancel(run.id) for run in runs))
        raise


async def _follow(workplace: Workplace, run: Run, show: Callable[[str, int, int], None]) -> Event:
    """Show how the run goes, to its final event."""
    async for event in workplace.events(run.id):
        if event.type == "run.progress":
            show(run.task_id, event.data["done"], event.data["total"])
        if event.is_final:
            return event
    raise AnalyzerError(f"The events of {run.task_id} ended without an end.")
