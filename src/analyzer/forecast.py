"""How long it will be: what runs are expected to take, learnt from those that ended, and when a waiting one starts."""

import heapq
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace

WEIGHT_OF_NEWEST = 0.2  # in the running means: the last dozen runs or so decide
NEAR_RUNS = 32  # ahead are played through; the rest is counted by its sum, which is what matters far away
MOST_PIECES = 4  # of one run ahead that are played through: a hundred parts are played as four long ones
MOST_PIECES_UNDER_WAY = 16  # of one that decides when the next place is free


@dataclass(frozen=True)
class Load:
    """What a run still has to do: so many pieces of equal length, `seconds` of a slot altogether."""

    pieces: int
    seconds: float
    on_slots: bool = True  # else it is done elsewhere, all at once, and only keeps a place


class Durations:
    """What runs take, by kind, as a multiple of what was guessed from their tables."""

    def __init__(self) -> None:
        self._ratios: dict[str, float] = {}
        self._overall: float | None = None

    def expected(self, kind: str, guess_seconds: float) -> float:
        return guess_seconds * self._ratios.get(kind, 1.0 if self._overall is None else self._overall)

    def learn(self, kind: str, guess_seconds: float, seconds: float) -> None:
        ratio = seconds / guess_seconds
        self._ratios[kind] = _mixed(self._ratios.get(kind), ratio)
        self._overall = _mixed(self._overall, ratio)


def _mixed(mean: float | None, newest: float) -> float:
    return newest if mean is None else mean + WEIGHT_OF_NEWEST * (newest - mean)


def seconds_to_start(under_way: Sequence[Load], ahead: Sequence[Load], places: int, slots: int) -> float:
    """When the run that waits behind `ahead` will have one of the places: 0 when there is one already.

    Played through as the scheduler does it: the runs that have a place take turns at the slots, piece by piece, and
    when one of them ends the next one ahead has its place.
    """
    if len(under_way) + len(ahead) < places:
        return 0.0
    far = sum(load.seconds for load in ahead[NEAR_RUNS:] if load.on_slots) / slots
    return far + _played(under_way, ahead[:NEAR_RUNS], places, slots)


def _played(under_way: Sequence[Load], ahead: Sequence[Load], places: int, slots: int) -> float:
    queue = deque(_coarse(load, MOST_PIECES_UNDER_WAY) for load in under_way)
    queue.extend(_coarse(load, MOST_PIECES) for load in ahead)
    turns: deque[tuple[int, Load]] = deque()  # runs with pieces that no slot has begun
    left: dict[int, int] = {}  # the pieces of each run with a place that have not ended
    ends: list[tuple[float, int, bool]] = []  # when a piece ends, of which run, and whether it frees a slot
    moment, free, number = 0.0, slots, 0
    while True:
        while len(left) < places:
            if not queue:
                return moment
            load, number = queue.popleft(), number + 1
            left[number] = load.pieces
            if load.on_slots:
                turns.append((number, load))
            else:
                heapq.heappush(ends, (moment + load.seconds, number, False))
        while free and turns:
            run, load = turns.popleft()
            heapq.heappush(ends, (moment + load.seconds / load.pieces, run, True))
            free -= 1
            if load.pieces > 1:
                rest = replace(load, pieces=load.pieces - 1, seconds=load.seconds * (1 - 1 / load.pieces))
                turns.append((run, rest))
        moment, run, on_slot = heapq.heappop(ends)
        free += on_slot
        left[run] -= 1
        if not left[run]:
            del left[run]


def _coarse(load: Load, most: int) -> Load:
    return replace(load, pieces=min(max(1, load.pieces), most) if load.on_slots else 1)
