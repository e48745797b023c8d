"""What a state store promises."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from analyzer.models import DatasetSummary, OwnedDataset, OwnedRun, Removal


@dataclass(frozen=True)
class Counts:
    """How much is remembered and not removed."""

    datasets: int
    results: int
    logs: int
    events: int


@dataclass(frozen=True)
class Due:
    """What has outlived its time."""

    datasets: tuple[str, ...]
    runs: tuple[str, ...]


@dataclass(frozen=True)
class Needed:
    """The names of the blobs that something not removed points to."""

    originals: frozenset[str]
    tables: frozenset[str]
    results: frozenset[str]


@dataclass(frozen=True)
class Done:
    """What came of a request that was sent with a key: who asks the same again is told this id."""

    fingerprint: str
    id: str


@dataclass(frozen=True)
class Aside:
    """What was kept of a run that was laid aside: its log, and what was done of it, in its runner's own form."""

    log: bytes
    sections: bytes


class State(Protocol):
    """Remembers across restarts. What a method was awaited for is there even if the process dies right after.

    What was removed is still found by its id, marked as removed, until `forget_removed`; lists and counts leave it
    out. Lists are newest first; `after` is the id of the last entry of the page before.
    """

    async def open(self) -> None: ...

    async def add_dataset(self, owned: OwnedDataset) -> None: ...

    async def dataset(self, file_id: str) -> OwnedDataset | None: ...

    async def datasets(self, principal: str, limit: int, after: str | None) -> list[DatasetSummary]: ...

    async def replace_dataset(self, owned: OwnedDataset) -> None:
        """Remember this of a dataset instead of what was; nothing, if it was removed."""

    async def dataset_of(self, content: str) -> OwnedDataset | None:
        """Some dataset, of whomever, with this table, that is not removed."""

    async def holds_original(self, sha256: str) -> bool:
        """Whether a dataset that is not removed was made of a file with this hash."""

    async def needed(self) -> Needed: ...

    async def remove_dataset(self, file_id: str, why: Removal) -> None: ...

    async def save_run(self, owned: OwnedRun) -> None:
        """Add the run, or replace what was remembered of it."""

    async def finish_run(self, owned: OwnedRun, log: bytes, events: int, result: bytes | None = None) -> None:
        """Save the final state of a run together with its log of so many events, and its result, if it is to lie
        here; all or nothing."""

    async def result(self, run_id: str) -> bytes | None:
        """The result that was saved with the end of the run, if there is one."""

    async def run(self, run_id: str) -> OwnedRun | None: ...

    async def runs(self, principal: str, limit: int, after: str | None) -> list[OwnedRun]: ...

    async def unfinished_runs(self) -> list[OwnedRun]:
        """Those without an end, the oldest first."""

    async def renew_leases(self, until: datetime) -> None:
        """Note of every run without an end that its server lives, and until when that is to be believed."""

    async def lay_aside(self, owned: OwnedRun, aside: Aside) -> None:
        """Save a run that goes on after a restart, with what is kept of it; both or neither."""

    async def take_up(self, owned: OwnedRun) -> Aside | None:
        """Save a run that is begun again, and take what was kept of it, if it was laid aside: that is gone then."""

    async def remove_run(self, run_id: str, why: Removal) -> None: ...

    async def log(self, run_id: str) -> bytes | None:
        """The log of a finished run."""

    async def keep_done(self, principal: str, key: str, done: Done) -> None:
        """Remember what came of a request; of the oldest no more than a store can bear."""

    async def done(self, principal: str, key: str) -> Done | None: ...

    async def due(self, moment: datetime) -> Due: ...

    async def postpone(self, by: timedelta) -> None:
        """Let all that expires, and all that is forgotten, do so that much later: the clock was moved."""

    async def forget_removed(self, before: datetime) -> None:
        """Forget for good what was removed, and which requests were done, before that moment."""

    async def counts(self) -> Counts: ...

    async def aclose(self) -> None: ...
