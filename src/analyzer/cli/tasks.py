"""`analyzer tasks`."""

import click

from analyzer.cli.running import log_for_commands, run
from analyzer.cli.workplace import tasks_of


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print everything about them, JSON Schemas included.")
@click.option("--server", metavar="URL", help="Ask a server for its catalogue.")
def tasks(as_json: bool, server: str | None) -> None:
    """List the analyses there are."""
    from analyzer import terminal  # as above

    log_for_commands()
    found = run(tasks_of(server))
    if as_json:
        click.echo(terminal.plain_json([task.model_dump() for task in found]))
    else:
        terminal.show_tasks(found)
