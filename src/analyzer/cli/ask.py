"""`analyzer ask`."""

import sys
from pathlib import Path
from typing import Any

import click

from analyzer.cli.running import FAILED, complain, log_for_commands, run
from analyzer.cli.workplace import workplace_at
from analyzer.models import Event

TASKS = {"answer": "ask_question", "chart": "ask_chart", "plan": "ask_plan"}


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("question")
@click.option(
    "--as", "wanted", type=click.Choice(sorted(TASKS)), default="answer", show_default=True, help="What to get."
)
@click.option("--share-samples", is_flag=True, help="Tell the model the first five rows too.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@click.option("--server", metavar="URL", help="Let a server do the work instead of this process.")
def ask(file: Path, question: str, wanted: str, share_samples: bool, as_json: bool, server: str | None) -> None:
    """Ask a model about FILE. What it writes is run in the jail, and the answer checked.

    Exit status: 0 with an answer, 1 without one, 2 when it could not be asked.
    """
    log_for_commands()
    params = {"question": question, "share": "samples" if share_samples else "schema"}
    sys.exit(run(_ask(file, TASKS[wanted], params, server, as_json=as_json)))


async def _ask(file: Path, task_id: str, params: dict[str, Any], server: str | None, *, as_json: bool) -> int:
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
    if as_json:
        click.echo(plain_json(result))
    else:
        question.show_answer(result)
    return 0 if result["outcome"] == "answered" else FAILED
