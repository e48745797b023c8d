"""`analyzer ask`."""

import asyncio
import sys
from pathlib import Path
from typing import Any

import click

from analyzer.cli.running import FAILED, complain, log_for_commands, run
from analyzer.cli.workplace import workplace_at
from analyzer.executors.base import PictureFormat
from analyzer.models import Event

PICTURES: dict[str, PictureFormat] = {".svg": "svg", ".png": "png"}
TASKS = {"answer": "ask_question", "chart": "ask_chart", "plan": "ask_plan"}


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("question")
@click.option(
    "--as", "wanted", type=click.Choice(sorted(TASKS)), default="answer", show_default=True, help="What to get."
)
@click.option(
    "--save",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Where to put a chart: .svg or .png.",
)
@click.option("--share-samples", is_flag=True, help="Tell the model the first five rows too.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@click.option("--server", metavar="URL", help="Let a server do the work instead of this process.")
def ask(
    file: Path,
    question: str,
    wanted: str,
    save: Path | None,
    share_samples: bool,
    as_json: bool,
    server: str | None,
) -> None:
    """Ask a model about FILE. What it writes is run in the jail, and the answer checked.

    Exit status: 0 with an answer, 1 without one, 2 when it could not be asked.
    """
    log_for_commands()
    if save is not None and (wanted != "chart" or save.suffix not in PICTURES):
        raise click.BadOptionUsage("save", "--save is for --as chart, and its file ends in .svg or .png.")
    params = {"question": question, "share": "samples" if share_samples else "schema"}
    sys.exit(run(_ask(file, TASKS[wanted], params, server, save, as_json=as_json)))


async def _ask(
    file: Path, task_id: str, params: dict[str, Any], server: str | None, save: Path | None, *, as_json: bool
) -> int:
    from analyzer.terminal import plain_json, question  # rich takes 60 ms to import

    async with workplace_at(server) as workplace:
        dataset = await workplace.add_dataset(file)
        started = await workplace.submit(dataset.id, task_id, params)
        last: Event | None = None
        async for event in workplace.events(started.id):
            last = event
            if not as_json:
                question.show_event(event)
        if last is None or last.type != "run.completed":
            complain(str((last.data if last else {}).get("error", {}).get("detail", "The run ended without a result.")))
            return FAILED
        result = await workplace.result(started.id)
        if save is not None and result["charts"]:
            picture = await workplace.handouts.picture(started.id, result["charts"][0]["name"], PICTURES[save.suffix])
            await asyncio.to_thread(save.write_bytes, picture)
    if as_json:
        click.echo(plain_json(result))
    else:
        question.show_answer(result)
    if save is not None and result["charts"]:
        click.echo(f"{save}: {len(picture):,} bytes", err=True)
    return 0 if result["outcome"] == "answered" else FAILED
