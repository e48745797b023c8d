"""State in a relational database: SQLite in the data folder."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import dialect, insert

from analyzer.models import DatasetSummary, OwnedDataset, OwnedRun, Removal, RunStatus, now
from analyzer.state.base import Aside, Counts, Done, Due, Needed
from analyzer.state.schema import (
    FINAL,
    UNFINISHED,
    dataset_of,
    dataset_row,
    datasets,
    logs,
    milliseconds,
    requests,
    run_of,
    run_row,
    runs,
    summary_of,
)
from analyzer.state.sqlite import SqliteFile, execute

T = TypeVar("T")

MOST_DONE = 100_000  # requests remembered by their keys
MOST_KNOWN = 64  # datasets that need not be read again to be found: those that people work with just now

# What every run asks, made once: SQLAlchemy takes longer to put a statement together than SQLite to answer it.
KEY: sa.BindParameter[str] = sa.bindparam("key")
THE_DATASET = sa.select(datasets).where(datasets.c.id == KEY)
THE_RUN = sa.select(runs).where(runs.c.id == KEY)
ITS_LOG = sa.select(logs.c.frames).where(logs.c.id == KEY)
ITS_RESULT = sa.select(logs.c.result).where(logs.c.id == KEY)


class SqlState:
    """See `state.base.State` for its promises."""

    def __init__(self, file: Path) -> None:
        self._file = SqliteFile(file)
        self._known: OrderedDict[str, OwnedDataset] = OrderedDict()
        self._changes = 0  # of datasets that there were

    async def open(self) -> None:
        await self._file.open()
        self._counts = await self._file.read(_count)

    # --- datasets -----------------------------------------------------------------------------------------------------

    async def add_dataset(self, owned: OwnedDataset) -> None:
        await self._file.write(lambda connection: connection.execute(insert(datasets), dataset_row(owned)))
        self._change_counts(datasets=1)

    async def dataset(self, file_id: str) -> OwnedDataset | None:
        if (known := self._known.get(file_id)) is not None:
            self._known.move_to_end(file_id)
            return known
        changes = self._changes
        found = await self._first(THE_DATASET, dataset_of, key=file_id)
        if found is not None and changes == self._changes:  # else it may have been read before it was changed
            self._known[file_id] = found
            if len(self._known) > MOST_KNOWN:
                self._known.popitem(last=False)
        return found

    async def _change_datasets(self, work: Callable[[sa.Connection], T], file_id: str | None = None) -> T:
        """Write, and know the dataset no more (None: none of them), from before it is changed until it was.

        That is when the write has ended, which is not always when its caller has.
        """

        def ended(done: asyncio.Future[T]) -> None:
            self._forget_known(file_id)
            done.exception()

        self._forget_known(file_id)
        done = self._file.hand_in(work)
        done.add_done_callback(ended)
        return await asyncio.shield(done)

    def _forget_known(self, file_id: str | None) -> None:
        self._changes += 1
        if file_id is None:
            self._known.clear()
        else:
            self._known.pop(file_id, None)

    async def datasets(self, principal: str, limit: int, after: str | None) -> list[DatasetSummary]:
        shown = sa.select(datasets.c.summary, datasets.c.expires_ms)
        return await self._all(_page(shown, datasets, principal, limit, after), summary_of)

    async def replace_dataset(self, owned: OwnedDataset) -> None:
        row = dataset_row(owned)
        query = sa.update(datasets).where(datasets.c.id == row["id"], datasets.c.removed.is_(None))
        changed = query.values(document=row["document"], summary=row["summary"])
        await self._change_datasets(lambda connection: connection.execute(changed), row["id"])

    async def dataset_of(self, content: str) -> OwnedDataset | None:
        query = sa.select(datasets).where(datasets.c.content == content, datasets.c.removed.is_(None))
        return await self._first(query.limit(1), dataset_of)

    async def holds_original(self, sha256: str) -> bool:
        query = sa.select(datasets.c.id).where(datasets.c.sha256 == sha256, datasets.c.removed.is_(None))
        return await self._first(query.limit(1), bool) is not None

    async def remove_dataset(self, file_id: str, why: Removal) -> None:
        removed = await self._change_datasets(lambda connection: _remove(connection, datasets, file_id, why), file_id)
        self._change_counts(datasets=-len(removed))

    # --- runs ---------------------------------------------------------------------------------------------------------

    async def save_run(self, owned: OwnedRun) -> None:
        await self._file.write(lambda connection: _put(connection, runs, run_row(owned)))

    async def finish_run(self, owned: OwnedRun, log: bytes, events: int, result: bytes | None = None) -> None:
        def finish(connection: sa.Connection) -> None:
            _put(connection, runs, run_row(owned, events))
            _put(connection, logs, {"id": owned.run.id, "frames": log, "sections": None, "result": result})

        await self._file.write(finish)
        completed = owned.run.status is RunStatus.COMPLETED
        self._change_counts(results=int(completed), logs=1, events=events)

    async def run(self, run_id: str) -> OwnedRun | None:
        return await self._first(THE_RUN, run_of, key=run_id)

    async def runs(self, principal: str, limit: int, after: str | None) -> list[OwnedRun]:
        return await self._all(_page(sa.select(runs), runs, principal, limit, after), run_of)

    async def unfinished_runs(self) -> list[OwnedRun]:
        return await self._all(sa.select(runs).where(UNFINISHED).order_by(runs.c.created_ms, runs.c.id), run_of)

    async def renew_leases(self, until: datetime) -> None:
        query = sa.update(runs).where(UNFINISHED).values(lease_ms=milliseconds(until))
        await self._file.write(lambda connection: connection.execute(query))

    async def lay_aside(self, owned: OwnedRun, aside: Aside) -> None:
        def keep(connection: sa.Connection) -> None:
            _put(connection, runs, run_row(owned))
            kept = {"frames": aside.log, "sections": aside.sections, "result": None}
            _put(connection, logs, {"id": owned.run.id, **kept})

        await self._file.write(keep)

    async def take_up(self, owned: OwnedRun) -> Aside | None:
        def take(connection: sa.Connection) -> Aside | None:
            _put(connection, runs, run_row(owned))
            gone = sa.delete(logs).where(logs.c.id == owned.run.id).returning(logs.c.frames, logs.c.sections)
            row = connection.execute(gone).one_or_none()
            return None if row is None or row.sections is None else Aside(row.frames, row.sections)

        return await self._file.write(take)

    async def remove_run(self, run_id: str, why: Removal) -> None:
        def remove(connection: sa.Connection) -> Sequence[sa.Row[Any]]:
            connection.execute(sa.delete(logs).where(logs.c.id == run_id))
            return _remove(connection, runs, run_id, why)

        for row in await self._file.write(remove):
            completed, final = row.status == RunStatus.COMPLETED.value, row.status in FINAL
            self._change_counts(results=-int(completed), logs=-int(final), events=-row.events)

    async def log(self, run_id: str) -> bytes | None:
        return await self._file.read(lambda connection: connection.scalar(ITS_LOG, {"key": run_id}))

    async def result(self, run_id: str) -> bytes | None:
        return await self._file.read(lambda connection: connection.scalar(ITS_RESULT, {"key": run_id}))

    # --- requests, and what is due ------------------------------------------------------------------------------------

    async def keep_done(self, principal: str, key: str, done: Done) -> None:
        row: dict[str, Any] = {"principal": principal, "key": key, "fingerprint": done.fingerprint, "id": done.id}
        row["created_ms"] = milliseconds(now())

        def keep(connection: sa.Connection) -> None:
            number = connection.execute(insert(requests).values(row).returning(requests.c.number)).scalar_one()
            connection.execute(sa.delete(requests).where(requests.c.number <= number - MOST_DONE))

        await self._file.write(keep)

    async def done(self, principal: str, key: str) -> Done | None:
        query = sa.select(requests.c.fingerprint, requests.c.id)
        query = query.where(requests.c.principal == principal, requests.c.key == key)
        return await self._first(query, lambda row: Done(row.fingerprint, row.id))

    async def needed(self) -> Needed:
        kept = sa.select(datasets.c.sha256, datasets.c.content).where(datasets.c.removed.is_(None))
        results = sa.select(runs.c.id).where(runs.c.removed.is_(None))
        rows = await self._all(kept, tuple)
        names = await self._all(results, lambda row: row[0])
        return Needed(frozenset(row[0] for row in rows), frozenset(row[1] for row in rows), frozenset(names))

    async def due(self, moment: datetime) -> Due:
        found = []
        for table in (datasets, runs):
            expired = table.c.expires_ms <= milliseconds(moment)
            query = sa.select(table.c.id).where(expired, table.c.removed.is_(None))
            found.append(tuple(await self._all(query, lambda row: row[0])))
        return Due(datasets=found[0], runs=found[1])

    async def postpone(self, by: timedelta) -> None:
        later = round(by.total_seconds() * 1000)
        moved = (datasets.c.expires_ms, datasets.c.removed_ms, runs.c.expires_ms, runs.c.removed_ms)

        def move(connection: sa.Connection) -> None:
            for column in (*moved, requests.c.created_ms):
                query = sa.update(column.table).where(column.is_not(None))
                connection.execute(query.values({column.name: column + later}))

        await self._change_datasets(move)

    async def forget_removed(self, before: datetime) -> None:
        def forget(connection: sa.Connection) -> None:
            for column in (datasets.c.removed_ms, runs.c.removed_ms, requests.c.created_ms):
                connection.execute(sa.delete(column.table).where(column < milliseconds(before)))

        await self._change_datasets(forget)

    async def counts(self) -> Counts:
        # Counted once, then kept along: whoever asks for health must not queue behind those who read.
        return self._counts

    async def aclose(self) -> None:
        await self._file.aclose()

    async def _first(self, query: sa.Select[Any], made: Callable[[Any], T], **values: str) -> T | None:
        """What is made of the only row there is; None when there is none."""

        def read(connection: sa.Connection) -> T | None:
            row = connection.execute(query, values).one_or_none()
            return None if row is None else made(row)

        return await self._file.read(read)

    async def _all(self, query: sa.Select[Any], made: Callable[[Any], T]) -> list[T]:
        """What is made of each row, in the reading thread: the loop has other things to do."""
        return await self._file.read(lambda connection: [made(row) for row in connection.execute(query)])

    def _change_counts(self, **by: int) -> None:
        self._counts = replace(self._counts, **{name: getattr(self._counts, name) + n for name, n in by.items()})


def _page(shown: sa.Select[Any], table: sa.Table, principal: str, limit: int, after: str | None) -> sa.Select[Any]:
    query = (
        shown.where(table.c.principal == principal, table.c.removed.is_(None))
        .order_by(table.c.created_ms.desc(), table.c.id.desc())
        .limit(limit)
    )
    if after is None:
        return query
    last = sa.select(table.c.created_ms).where(table.c.id == after).scalar_subquery()
    older = table.c.created_ms < last
    return query.where(older | ((table.c.created_ms == last) & (table.c.id < after)))


def _count(connection: sa.Connection) -> Counts:
    kept = sa.select(sa.func.count()).select_from(datasets).where(datasets.c.removed.is_(None)).scalar_subquery()
    completed = sa.case((runs.c.status == RunStatus.COMPLETED.value, 1), else_=0)
    query = sa.select(
        kept,
        sa.func.coalesce(sa.func.sum(completed), 0),
        sa.func.count(),
        sa.func.coalesce(sa.func.sum(runs.c.events), 0),
    ).where(runs.c.removed.is_(None), runs.c.status.in_(FINAL))
    row = connection.execute(query).one()
    return Counts(datasets=row[0], results=row[1], logs=row[2], events=row[3])


def _remove(connection: sa.Connection, table: sa.Table, key: str, why: Removal) -> Sequence[sa.Row[Any]]:
    """Mark as removed what is not yet; the row it was, or nothing."""
    query = sa.update(table).where(table.c.id == key, table.c.removed.is_(None))
    query = query.values(removed=why, removed_ms=milliseconds(now())).returning(table)
    return connection.execute(query).all()


def _put(connection: sa.Connection, table: sa.Table, row: dict[str, Any]) -> None:
    """Add the row or replace it; but when it expires, and its lease, are decided once and then moved on their own."""
    execute(connection, _upsert(table), row)


@cache
def _upsert(table: sa.Table) -> str:
    """Made once: a run is put several times, and what SQLAlchemy does for each statement costs more than SQLite."""
    query = insert(table)
    decided_once = ("id", "created_ms", "expires_ms", "lease_ms")
    changed = {name: query.excluded[name] for name in table.columns.keys() if name not in decided_once}  # noqa: SIM118
    values: dict[str, Any] = {name: sa.bindparam(name) for name in table.columns.keys()}  # noqa: SIM118
    query = query.values(values).on_conflict_do_update(index_elements=["id"], set_=changed)
    return str(query.compile(dialect=dialect(paramstyle="named")))
