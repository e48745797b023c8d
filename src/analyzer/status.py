"""What is going on, in figures."""

from collections.abc import Mapping
from dataclasses import dataclass

from analyzer.executors.base import SlotCounts
from analyzer.jail.levels import Report
from analyzer.pulse import Pulse
from analyzer.state.base import Counts
from analyzer.tickets import Standing


@dataclass(frozen=True)
class Status:
    """What is going on."""

    active: int
    queued: int
    standings: Mapping[str, Standing]  # by class of principal
    slots: SlotCounts
    kept: Counts
    streams: int
    live_events: int
    pulse: Pulse
    jail: Report | None  # None: nothing has asked for it yet
