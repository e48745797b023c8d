"""`analyzer report`."""

import asyncio
import sys
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
from analyzer.cli.workplace import workplace_at


@click.command()
@file_argument
@click.option(
    *("-o", "--output"),
    type=click.Path(dir_okay=False, allow_dash=True, path_type=Path),
    help="Where to write it: a .html or .pdf file; - is standard output.  [default: <FILE>-report.html, here]",
)
@click.option("--task", default="eda_full", show_default=True, metavar="ID", help="The analysis whose result it shows.")
@reading_option
@param_option
@reference_option
@name_option
@server_option
def report(
    file: Path,
    output: Path | None,
    task: str,
    options: dict[str, str],
    params: dict[str, Any],
    reference: Path | None,
    name: str,
    server: str | None,
) -> None:
    """Analyse FILE, or standard input if it is -, and write what was found as one HTML file, or as PDF.

    The page needs no network and no script.

    Exit status: 0 when it was written, 1 when the analysis failed, 2 when it could not be begun.
    """
    log_for_commands()
    target = output or Path(f"{Path(name if str(file) == '-' else file.name).stem}-report.html")
    sys.exit(run(_report(file, name, Request((task,), options, params, reference), target, server)))


async def _report(file: Path, name: str, request: Request, target: Path, server: str | None) -> int:
    from analyzer import terminal  # rich takes 60 ms to import

    async with file_or_input(file, name) as path, workplace_at(server) as workplace:
        with terminal.progress(name if str(file) == "-" else str(file)) as show:
            _, [(made, ending)] = await carry_out(workplace, path, request, show)
        if ending.type != "run.completed":
            complain(f"{made.task_id}: {why(ending, far=server is not None)}")
            return FAILED
        page = await workplace.handouts.report(made.id, "pdf" if target.suffix == ".pdf" else "html")
    if str(target) == "-":
        click.echo(page, nl=False)
    else:
        await asyncio.to_thread(target.write_bytes, page)
        click.echo(f"{target}: {len(page):,} bytes", err=True)
    return 0
