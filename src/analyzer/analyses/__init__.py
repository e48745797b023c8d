"""The catalogue: every analysis by its id, ours and those that installed packages bring along."""

import logging
from importlib.metadata import EntryPoint, entry_points

from analyzer.analyses.families import table_of_families
from analyzer.registry import DECORATED, Registry

logger = logging.getLogger(__name__)

GROUP = "analyzer.analyses"
"""The entry point group: a name is a task id, a value is `module:attribute` of its `Analysis`."""


def catalogue() -> Registry:
    """All analyses, found by name and imported on first use; plug-ins are imported once here to see that they work."""
    places = table_of_families()
    for entry in sorted(entry_points(group=GROUP), key=lambda entry: (entry.name, entry.value)):
        if _usable(entry, places):
            places[entry.name] = entry.value
    for task_id, place in DECORATED.items():
        if places.get(task_id, place) != place:
            logger.warning("Analysis %s of %s is left out: that id is taken", task_id, place)
        else:
            places[task_id] = place
    return Registry(places)


def whole_catalogue() -> Registry:
    """The catalogue with every analysis imported, so that no request has to wait for an import."""
    found = catalogue()
    for task_id in found.ids():
        found.find(task_id)
    return found


def _usable(entry: EntryPoint, places: dict[str, str]) -> bool:
    """Whether this plug-in can be had under its name; why not goes to the log."""
    if entry.name in places:
        logger.warning("Analysis %s of %s is left out: that id is taken", entry.name, entry.value)
        return False
    try:
        found = entry.load().id
    except Exception:
        logger.exception("Analysis %s of %s is left out: it cannot be loaded", entry.name, entry.value)
        return False
    if found != entry.name:
        logger.warning("Analysis %s of %s is left out: it calls itself %s", entry.name, entry.value, found)
        return False
    return True
