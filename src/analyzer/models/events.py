"""What a run says."""

from dataclasses import dataclass
from typing import Any

FINAL_EVENTS = frozenset({"run.completed", "run.failed", "run.cancelled", "run.interrupted"})
"""Each run says exactly one of these, as its last word."""


@dataclass(frozen=True)
class Event:
    """One entry in a run's log. `id` is what a stream resumes after."""

    id: str
    type: str
    data: dict[str, Any]

    @property
    def is_final(self) -> bool:
        return self.type in FINAL_EVENTS
