"""The command line: serve, analyze, report, ask, verify, tasks, doctor, openapi."""

import click

from analyzer import __version__
from analyzer.cli.analyze import analyze
from analyzer.cli.ask import ask
from analyzer.cli.doctor import doctor
from analyzer.cli.openapi import openapi
from analyzer.cli.report import report
from analyzer.cli.serve import serve
from analyzer.cli.tasks import tasks
from analyzer.cli.verify import verify

__all__ = ["main"]


@click.group(invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="analyzer")
@click.pass_context
def main(context: click.Context) -> None:
    """Exact analyses of tables: as a server, or right here.

    Without a command it serves. Every setting can be given in the environment as ANALYZER_<NAME>.
    """
    if context.invoked_subcommand is None:
        context.invoke(serve)


for command in (serve, analyze, report, ask, verify, tasks, doctor, openapi):
    main.add_command(command)
