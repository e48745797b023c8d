"""`analyzer doctor`."""

import json
import sys

import click

from analyzer.cli.running import FAILED, log_for_commands, run, settings_from
from analyzer.executors.jail import JailExecutor
from analyzer.jail.levels import Finding, Report
from analyzer.settings import Settings

MEANINGS = {
    3: "foreign code sees nothing of this machine, and the kernel answers it little",
    2: "the kernel answers foreign code little, and files are out of its reach",
    1: "foreign code would run as another user, with limits, and nothing else",
    0: "nothing stands between foreign code and this machine",
}


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
def doctor(as_json: bool) -> None:
    """Tell how well foreign code can be jailed on this machine, layer by layer.

    Each layer is tried by a process that attempts what it forbids. Ends with 1 when code would not be run here.
    """
    log_for_commands()
    settings = settings_from({})
    found = run(_prove(settings))
    if as_json:
        wanted = {"min_level": settings.jail_min_level, "backend": settings.jail_backend}
        click.echo(json.dumps(found.told() | wanted))
    else:
        _show(found, settings)
    if found.level < settings.jail_min_level:
        sys.exit(FAILED)


async def _prove(settings: Settings) -> Report:
    jail = JailExecutor.of(settings.model_copy(update={"jail_standbys": 0}))
    try:
        return await jail.prove()
    finally:
        await jail.aclose()


def _show(found: Report, settings: Settings) -> None:
    marks = {Finding.PROVED: "✓", Finding.FAILED: "✗", Finding.ABSENT: "–"}
    for layer in found.layers:
        why = f": {layer.why}" if layer.why else ""
        click.echo(f"{marks[layer.finding]} {layer.layer.value:<11} {layer.finding.value}{why}")
    click.echo(f"\nLevel {found.level} of 3: {MEANINGS[found.level]}.")
    click.echo(f"Back end: {settings.jail_backend} (ANALYZER_JAIL_BACKEND).")
    if found.level < settings.jail_min_level:
        click.echo(f"Code is not run here: ANALYZER_JAIL_MIN_LEVEL asks for level {settings.jail_min_level}.")
