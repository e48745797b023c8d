"""What the commands share that analyse a file: how it is named and read, and the runs followed to their ends."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import click

from analyzer.cli.running import SEE_DEBUG, settings_from
from analyzer.cli.workplace import Workplace
from analyzer.errors import AnalyzerError
from analyzer.fields import reading_options
from analyzer.models import Dataset, Event, Run
from analyzer.piped import standard_input

CANCELLING_SECONDS = 5.0  # for a server to be told that nobody waits any more

Show = Callable[[str, int, int], None]


def name_value_pairs(context: click.Context, option: click.Parameter, given: tuple[str, ...]) -> dict[str, str]:
    """`name=value`, as often as it was given."""
    pairs = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not (name and equals):
            raise click.BadParameter(f"{text!r} is not of the form name=value.")
        pairs[name] = value
    return pairs


def values_or_texts(context: click.Context, option: click.Parameter, given: tuple[str, ...]) -> dict[str, Any]:
    """`name=value`, whose value is JSON or else text."""
    return {name: _json_or_text(text) for name, text in name_value_pairs(context, option, given).items()}


def _json_or_text(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


file_argument = click.argument("file", type=click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path))
reading_option = click.option(
    *("--option", "options"),
    multiple=True,
    metavar="NAME=VALUE",
    callback=name_value_pairs,
    help="How to read FILE: delimiter, encoding, header, decimal …; may be given several times.",
)
param_option = click.option(
    *("--param", "params"),
    multiple=True,
    metavar="NAME=VALUE",
    callback=values_or_texts,
    help="A parameter of every analysis, as JSON or else as text; may be given several times.",
)
reference_option = click.option(
    "--reference",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The table that FILE is compared with, for analyses of two; it is read like FILE.",
)
name_option = click.option(
    "--name", default="stdin", show_default=True, help="What to call standard input, when FILE is -."
)
server_option = click.option("--server", metavar="URL", help="Let a server do the work instead of this process.")


@dataclass(frozen=True)
class Request:
    """What to do with a file."""

    tasks: tuple[str, ...]
    options: Mapping[str, str]
    params: Mapping[str, Any]
    reference: Path | None = None

    def params_of(self, task_id: str, reference: Dataset | None) -> Mapping[str, Any]:
        """Those that were given, and the reference for analyses that compare with one."""
        if reference is None or not task_id.startswith("compare_"):
            return self.params
        return {**self.params, "reference": reference.id}


@asynccontextmanager
async def file_or_input(file: Path, name: str) -> AsyncIterator[Path]:
    """The file, or standard input as one of this name."""
    if str(file) == "-":
        async with standard_input(name, settings_from({}).max_upload_bytes) as path:
            yield path
    else:
        yield file


async def carry_out(
    workplace: Workplace, path: Path, request: Request, show: Show
) -> tuple[Dataset, list[tuple[Run, Event]]]:
    """The dataset that the file became, and each run with its final event."""
    options = reading_options(request.options)
    dataset = await workplace.add_dataset(path, options)
    reference = await workplace.add_dataset(request.reference, options) if request.reference else None
    async with _ending_with_us(workplace) as runs:
        for task_id in request.tasks:
            runs.append(await workplace.submit(dataset.id, task_id, request.params_of(task_id, reference)))
        endings = await asyncio.gather(*(_follow(workplace, run, show) for run in runs))
    return dataset, list(zip(runs, endings, strict=True))


def why(ending: Event, *, far: bool) -> str:
    """Why the run has no result. Only a server has a log that one could look into."""
    error = ending.data.get("error", {})
    if not far and str(error.get("type")).endswith(AnalyzerError.code):
        return f"The run failed unexpectedly. {SEE_DEBUG}"
    return str(error.get("detail", ending.type))


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


async def _follow(workplace: Workplace, run: Run, show: Show) -> Event:
    """Show how the run goes, to its final event."""
    async for event in workplace.events(run.id):
        if event.type == "run.progress":
            show(run.task_id, event.data["done"], event.data["total"])
        if event.is_final:
            return event
    raise AnalyzerError(f"The events of {run.task_id} ended without an end.")
