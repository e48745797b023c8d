"""`analyzer analyze`."""

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click

from analyzer.cli.running import FAILED, complain, log_for_commands, run
from analyzer.cli.working import (
    Request,
    carry_out,
    file_argument,
    file_or_input,
    name_option,
    param_option,
    reading_option,
    reference_option,
    server_option,
    why,
)
from analyzer.cli.workplace import tasks_of, workplace_at

FULL = "eda_full"
DEFAULT_TASKS = ("eda_statistical_summary", "eda_data_quality")


@click.command()
@file_argument
@click.option("--task", "tasks", multiple=True, metavar="ID", help="An analysis to run; may be given several times.")
@reading_option
@param_option
@reference_option
@name_option
@click.option("--json", "as_json", is_flag=True, help="Print the results as one JSON object by task id.")
@server_option
def analyze(
    file: Path,
    tasks: tuple[str, ...],
    options: dict[str, str],
    params: dict[str, Any],
    reference: Path | None,
    name: str,
    as_json: bool,
    server: str | None,
) -> None:
    """Analyse FILE, or standard input if it is -, and print what was found.

    Exit status: 0 when all analyses completed, 1 when one failed, 2 when it could not be begun.
    """
    log_for_commands()
    request = Request(tasks or DEFAULT_TASKS, options, params, reference)
    sys.exit(run(_analyze(file, name, request, server, as_json=as_json)))


async def _analyze(file: Path, name: str, request: Request, server: str | None, *, as_json: bool) -> int:
    from analyzer import terminal  # rich takes 60 ms to import, which the server can do without

    results: dict[str, Any] = {}
    async with file_or_input(file, name) as path, workplace_at(server) as workplace:
        with terminal.progress(name if str(file) == "-" else str(file)) as show:
            dataset, ended = await carry_out(workplace, path, request, show)
        for one, ending in ended:
            if ending.type == "run.completed":
                results[one.task_id] = await workplace.result(one.id)
            else:
                complain(f"{one.task_id}: {why(ending, far=server is not None)}")
    if as_json:
        click.echo(terminal.plain_json(results))
    else:
        titles = {task.task_id: task.title for task in await tasks_of(server)}
        terminal.show_dataset(dataset)
        for task_id, result in one_by_one(results):
            terminal.show_result(result, titles.get(task_id, task_id))
    return 0 if len(results) == len(set(request.tasks)) else FAILED


def one_by_one(results: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Each with its task id; in place of a result that is made of results, those."""
    for task_id, result in results.items():
        yield from result["results"].items() if task_id == FULL else [(task_id, result)]
