"""`analyzer verify`."""

import asyncio
import json
import sys
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from analyzer.cli.running import FAILED, complain, log_for_commands, run
from analyzer.cli.working import reading_option
from analyzer.cli.workplace import fleeting_analyzer
from analyzer.comparison import Comparison
from analyzer.errors import AnalyzerError
from analyzer.fields import reading_options
from analyzer.models import RunStatus
from analyzer.service import Analyzer

LONGEST_SECONDS = 24 * 3600.0


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--task", "tasks", multiple=True, metavar="ID", help="Only this analysis; may be given several times.")
@reading_option
@click.option(
    "--reference",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The table that FILE is compared with by analyses of two; FILE itself if there is none.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the comparisons as one JSON object by task id.")
def verify(file: Path, tasks: tuple[str, ...], options: dict[str, str], reference: Path | None, as_json: bool) -> None:
    """Compute every figure of FILE again with pandas, scipy and their like, and print what differs.

    Exit status: 0 when nothing does, 1 when something does or an analysis failed, 2 when it could not be begun.
    """
    log_for_commands()
    sys.exit(run(_verify(file, reference or file, tasks, options, as_json=as_json)))


async def _verify(
    file: Path, reference: Path, tasks: tuple[str, ...], options: Mapping[str, str], *, as_json: bool
) -> int:
    from analyzer import terminal  # rich takes 60 ms to import

    compared: dict[str, Comparison] = {}
    failures: dict[str, str] = {}
    async with fleeting_analyzer() as analyzer:
        chosen = tasks or tuple(analyzer.handouts.verifiable())
        with terminal.progress(str(file)) as show:
            dataset = await analyzer.add_dataset(file, reading_options(options))
            against = await analyzer.add_dataset(reference, reading_options(options))

            async def one(task_id: str) -> None:
                try:
                    given = {"reference": against.id} if task_id.startswith("compare_") else {}
                    compared[task_id] = await _compare(analyzer, dataset.id, task_id, given)
                except AnalyzerError as failure:
                    failures[task_id] = failure.detail
                show("verify", len(compared) + len(failures), len(chosen))

            await asyncio.gather(*map(one, chosen))
    ordered = {task_id: compared[task_id] for task_id in chosen if task_id in compared}
    if as_json:
        told: dict[str, Any] = {task_id: asdict(one) for task_id, one in ordered.items()}
        click.echo(json.dumps(told, allow_nan=False, ensure_ascii=False))
    else:
        terminal.show_comparisons(ordered)
    for task_id, why in failures.items():
        complain(f"{task_id}: {why}")
    return FAILED if failures or any(one.differences for one in ordered.values()) else 0


async def _compare(analyzer: Analyzer, file_id: str, task_id: str, params: Mapping[str, Any]) -> Comparison:
    started = await analyzer.submit(file_id, task_id, params)
    ended = await analyzer.outcome(started.id, LONGEST_SECONDS)
    if ended.status is not RunStatus.COMPLETED:
        raise AnalyzerError(str((ended.error or {}).get("detail", ended.status)))
    return await analyzer.handouts.verify(ended.id)
