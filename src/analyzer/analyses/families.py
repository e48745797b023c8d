"""The families of the catalogue, and the table of each."""

import importlib

FAMILIES = (
    "analyzer.analyses.ask:TABLE",
    "analyzer.analyses.code:TABLE",
    "analyzer.analyses.compare:TABLE",
    "analyzer.analyses.eda:TABLE",
    "analyzer.analyses.quality:TABLE",
    "analyzer.analyses.ts:TABLE",
)
"""Where each family's table is: task id → `module:attribute`."""


def table_of_families() -> dict[str, str]:
    """Every analysis of ours: task id → `module:attribute`."""
    places: dict[str, str] = {}
    for family in FAMILIES:
        module, _, attribute = family.partition(":")
        places |= getattr(importlib.import_module(module), attribute)
    return places
