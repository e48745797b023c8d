"""A self-hosted, embeddable data-analysis server.

    async with Analyzer(settings) as analyzer:
        dataset = await analyzer.add_dataset("penguins.csv")
        run = await analyzer.submit(dataset.id, "eda_statistical_summary")
        async for event in analyzer.events(run.id):
            print(event.type)

or, inside another aiohttp application, `app.add_subapp("/analysis/", create_app(settings))`.
"""

import importlib
from typing import TYPE_CHECKING, Any

from analyzer.errors import AnalyzerError

if TYPE_CHECKING:
    from analyzer.client import AnalyzerClient
    from analyzer.models import Dataset, Event, ReadingOptions, Run, RunStatus, Wish
    from analyzer.plugins import analysis
    from analyzer.service import Analyzer
    from analyzer.settings import Settings
    from analyzer.web import create_app

__version__ = "0.1.0"

__all__ = [
    "Analyzer",
    "AnalyzerClient",
    "AnalyzerError",
    "Dataset",
    "Event",
    "ReadingOptions",
    "Run",
    "RunStatus",
    "Settings",
    "Wish",
    "analysis",
    "create_app",
]

PLACES = {
    "Analyzer": "analyzer.service",
    "AnalyzerClient": "analyzer.client",
    "Dataset": "analyzer.models",
    "Event": "analyzer.models",
    "ReadingOptions": "analyzer.models",
    "Run": "analyzer.models",
    "RunStatus": "analyzer.models",
    "Settings": "analyzer.settings",
    "Wish": "analyzer.models",
    "analysis": "analyzer.plugins",
    "create_app": "analyzer.web",
}
"""Where the names live. They are fetched on first use (PEP 562), so that a worker never imports the server."""


def __getattr__(name: str) -> Any:
    if name not in PLACES:
        raise AttributeError(f"module 'analyzer' has no attribute {name!r}")
    return getattr(importlib.import_module(PLACES[name]), name)
