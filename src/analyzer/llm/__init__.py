"""Model providers, found by name and imported when one is wanted; others come with installed packages."""

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import entry_points

from analyzer.errors import ModelNotConfigured, shown
from analyzer.llm.base import Provider
from analyzer.settings import Settings

GROUP = "analyzer.llm"
"""The entry point group: a name is a value of ANALYZER_LLM, a value is `module:attribute` of an `Open`."""

NONE = "none"


@dataclass(frozen=True)
class Known:
    """One of our providers: where it is, and what it needs."""

    place: str
    model: str  # unless ANALYZER_LLM_MODEL says otherwise
    keys: tuple[str, ...] = ()  # the fields of Settings that hold its key


PROVIDERS = {
    "gemini": Known("analyzer.llm.gemini:open_provider", "gemini-2.5-flash", ("gemini_api_key",)),
    "google": Known("analyzer.llm.google:open_provider", "gemini-2.5-flash", ("gemini_api_key",)),
    "openai": Known("analyzer.llm.openai:open_provider", "gpt-4.1-mini", ("openai_api_key",)),
    "scripted": Known("analyzer.llm.scripted:open_provider", "scripted"),
}

Open = Callable[[Settings, str], Provider]
"""Makes the provider for these settings and this model; does nothing that takes time."""

EXPLANATION = (
    "Set GEMINI_API_KEY (or GOOGLE_API_KEY), or OPENAI_API_KEY, or ANALYZER_LLM with ANALYZER_LLM_ENDPOINT for a model "
    "of your own; ANALYZER_LLM=scripted demonstrates without a model."
)


def chosen(settings: Settings) -> str:
    """The provider that these settings mean. Raises ModelNotConfigured."""
    if settings.llm == NONE:
        raise ModelNotConfigured("ANALYZER_LLM is none: this server asks no model.")
    if settings.llm:
        return settings.llm
    for name, field in (("gemini", "gemini_api_key"), ("openai", "openai_api_key")):
        if getattr(settings, field) is not None:
            return name
    raise ModelNotConfigured(f"No model is configured and no key is set. {EXPLANATION}")


def opened(settings: Settings) -> Provider:
    """The provider these settings mean. Raises ModelNotConfigured, saying what is missing."""
    name = chosen(settings)
    known = PROVIDERS.get(name)
    if known is None:
        return _from_entry_point(name)(settings, settings.llm_model or name)
    if known.keys and settings.llm_endpoint is None and all(getattr(settings, key) is None for key in known.keys):
        wanted = " or ".join(key.upper() for key in known.keys)
        raise ModelNotConfigured(f"ANALYZER_LLM is {name}, and its key is missing: set {wanted}.")
    module, _, attribute = known.place.partition(":")
    make: Open = getattr(importlib.import_module(module), attribute)
    return make(settings, settings.llm_model or known.model)


def _from_entry_point(name: str) -> Open:
    for entry in entry_points(group=GROUP, name=name):
        make: Open = entry.load()
        return make
    raise ModelNotConfigured(f"There is no provider {shown(name)}. There are: {', '.join(sorted(PROVIDERS))}, none.")
