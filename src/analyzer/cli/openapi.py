"""`analyzer openapi`."""

import json

import click

from analyzer import __version__
from analyzer.web.app import ROUTES
from analyzer.web.openapi import document


@click.command()
def openapi() -> None:
    """Print the OpenAPI document of the server's API."""
    made = document((route for routes in ROUTES for route in routes), __version__)
    click.echo(json.dumps(made, indent=1, ensure_ascii=False))
