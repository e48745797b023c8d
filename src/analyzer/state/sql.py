"""State in a relational database: SQLite in the data folder.

A row holds the whole value as JSON, and beside it the few columns that are searched by. Moments are kept as
milliseconds since 1970.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from analyzer.errors import StorageFull
from analyzer.models import DatasetSummary, OwnedDataset, OwnedRun, Removal, RunStatus, now
from analyzer.state.base import Counts, Done, Due, Needed

MOST_DONE = 100_000  # requests remembered by their keys

metadata = sa.MetaData()


def _owned_table(name: str, *more: sa.Column[Any]) -> sa.Table:
    return sa.Table(
        name,
        metadata,
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("principal", sa.String(160), nullable=False),
        sa.Column("created_ms", sa.BigInteger, nullable=False),
        sa.Column("expires_ms", sa.BigInteger),
        sa.Column("removed", sa.String(16)),
        sa.Column("removed_ms", sa.BigInteger),
        sa.Column("document", sa.Text, nullable=False),
        *more,
        sa.Index(f"{name}_of_principal", "principal", "created_ms", "id"),
        sa.Index(f"{name}_expiring", "expires_ms"),
    )


datasets = _owned_table(
    "datasets",
    sa.Column("sha256", sa.String(64), nullable=False, index=True),
    sa.Column("content", sa.String(64), nullable=False, index=True),
    sa.Column("summary", sa.Text, nullable=False),
)
runs = _owned_table(
    "runs", sa.Column("status", sa.String(16), nullable=False), sa.Column("events", sa.Integer, nullable=False)
)
logs = sa.Table(
    "logs",
    metadata,
    sa.Column("id", sa.String(32), primary_key=True),
    sa.Column("frames", sa.LargeBinary, nullable=False),
)
requests = sa.Table(
    "requests",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("principal", sa.String(160), nullable=False),
    sa.Column("key", sa.String(255), nullable=False),
    sa.Column("fingerprint", sa.String(64), nullable=False),
    sa.Column("id", sa.String(32), nullable=False),
    sa.Column("created_ms", sa.BigInteger, nullable=False, index=True),
    sa.UniqueConstraint("principal", "key"),
    sqlite_autoincrement=True,
)

FINAL = [status.value for status in RunStatus if status.is_final]


def _milliseconds(moment: datetime | None) -> int | None:
    return None if moment is None else round(moment.timestamp() * 1000)


def _run_row(owned: OwnedRun, events: int = 0) -> dict[str, Any]:
    run = owned.run
    return {
        "id": run.task_execution_id,
        "principal": owned.principal,
        "created_ms": _milliseconds(run.created_at),
        "expires_ms": _milliseconds(run.expires_at),
        "removed": owned.removed,
        "status": run.status.value,
        "events": events,
        "document": owned.model_dump_json(),
    }


class SqlState:
    """See `state.base.State` for its promises."""

    def __init__(self, file: Path) -> None:
        # One connection: SQLite has one writer at a time anyway, and this way nobody waits for a lock.
        url = sa.URL.create("sqlite+aiosqlite", database=str(file))
        self._engine = create_async_engine(url, pool_size=1, max_overflow=0)
        sa.event.listen(self._engine.sync_engine, "handle_error", _tell_when_full)

    async def open(self) -> None:
        async with self._engine.connect() as connection:
            # The write-ahead log makes a commit one append, and readers do not wait for writers.
            await connection.exec_driver_sql("PRAGMA journal_mode=WAL")
            await connection.exec_driver_sql("PRAGMA synchronous=NORMAL")
            await connection.run_sync(metadata.create_all)
            await connection.commit()
            self._counts = await _count(connection)

    async def add_dataset(self, owned: OwnedDataset) -> None:
        dataset = owned.dataset
        row = {
            "id": dataset.file_id,
            "principal": owned.principal,
            "created_ms": _milliseconds(dataset.created_at),
            "expires_ms": _milliseconds(dataset.expires_at),
            "removed": owned.removed,
            "document": owned.model_dump_json(),
            "sha256": dataset.sha256,
            "content": owned.content,
            "summary": dataset.summary.model_dump_json(),
        }
        async with self._engine.begin() as connection:
            await connection.execute(insert(datasets).values(row))
        self._change_counts(datasets=1)

    async def dataset(self, file_id: str) -> OwnedDataset | None:
        row = await self._one(datasets, file_id)
        return None if row is None else _dataset(row)

    async def datasets(self, principal: str, limit: int, after: str | None) -> list[DatasetSummary]:
        rows = await self._page(datasets, datasets.c.summary, principal, limit, after)
        return [DatasetSummary.model_validate_json(row.summary) for row in rows]

    async def replace_dataset(self, owned: OwnedDataset) -> None:
        dataset = owned.dataset
        query = sa.update(datasets).where(datasets.c.id == dataset.file_id, datasets.c.removed.is_(None))
        async with self._engine.begin() as connection:
            await connection.execute(
                query.values(document=owned.model_dump_json(), summary=dataset.summary.model_dump_json())
            )

    async def dataset_of(self, content: str) -> OwnedDataset | None:
        query = sa.select(datasets).where(datasets.c.content == content, datasets.c.removed.is_(None)).limit(1)
        async with self._engine.connect() as connection:
            row = (await connection.execute(query)).one_or_none()
        return None if row is None else _dataset(row)

    async def holds_original(self, sha256: str) -> bool:
        query = sa.select(datasets.c.id).where(datasets.c.sha256 == sha256, datasets.c.removed.is_(None)).limit(1)
        async with self._engine.connect() as connection:
            return await connection.scalar(query) is not None

    async def needed(self) -> Needed:
        kept = sa.select(datasets.c.sha256, datasets.c.content).where(datasets.c.removed.is_(None))
        results = sa.select(runs.c.id).where(runs.c.removed.is_(None))
        async with self._engine.connect() as connection:
            rows = (await connection.execute(kept)).all()
            names = (await connection.scalars(results)).all()
        return Needed(frozenset(row[0] for row in rows), frozenset(row[1] for row in rows), frozenset(names))

    async def remove_dataset(self, file_id: str, why: Removal) -> None:
        async with self._engine.begin() as connection:
            removed = await _remove(connection, datasets, file_id, why)
        self._change_counts(datasets=-len(removed))

    async def save_run(self, owned: OwnedRun) -> None:
        async with self._engine.begin() as connection:
            await _put(connection, runs, _run_row(owned))

    async def finish_run(self, owned: OwnedRun, log: bytes, events: int) -> None:
        async with self._engine.begin() as connection:
            await _put(connection, runs, _run_row(owned, events))
            await _put(connection, logs, {"id": owned.run.task_execution_id, "frames": log})
        completed = owned.run.status is RunStatus.COMPLETED
        self._change_counts(results=int(completed), logs=1, events=events)

    async def run(self, run_id: str) -> OwnedRun | None:
        row = await self._one(runs, run_id)
        return None if row is None else _run(row)

    async def runs(self, principal: str, limit: int, after: str | None) -> list[OwnedRun]:
        return [_run(row) for row in await self._page(runs, runs, principal, limit, after)]

    async def unfinished_runs(self) -> list[OwnedRun]:
        query = sa.select(runs).where(runs.c.status.not_in(FINAL)).order_by(runs.c.created_ms, runs.c.id)
        async with self._engine.connect() as connection:
            return [_run(row) for row in await connection.execute(query)]

    async def remove_run(self, run_id: str, why: Removal) -> None:
        async with self._engine.begin() as connection:
            removed = await _remove(connection, runs, run_id, why)
            await connection.execute(sa.delete(logs).where(logs.c.id == run_id))
        for row in removed:
            completed, final = row.status == RunStatus.COMPLETED.value, row.status in FINAL
            self._change_counts(results=-int(completed), logs=-int(final), events=-row.events)

    async def log(self, run_id: str) -> bytes | None:
        async with self._engine.connect() as connection:
            frames: bytes | None = await connection.scalar(sa.select(logs.c.frames).where(logs.c.id == run_id))
            return frames

    async def keep_done(self, principal: str, key: str, done: Done) -> None:
        row: dict[str, Any] = {"principal": principal, "key": key, "fingerprint": done.fingerprint, "id": done.id}
        row["created_ms"] = _milliseconds(now())
        query = insert(requests).values(row).returning(requests.c.number)
        async with self._engine.begin() as connection:
            number = (await connection.execute(query)).scalar_one()
            await connection.execute(sa.delete(requests).where(requests.c.number <= number - MOST_DONE))

    async def done(self, principal: str, key: str) -> Done | None:
        query = sa.select(requests.c.fingerprint, requests.c.id).where(
            requests.c.principal == principal, requests.c.key == key
        )
        async with self._engine.connect() as connection:
            row = (await connection.execute(query)).one_or_none()
        return None if row is None else Done(row.fingerprint, row.id)

    async def due(self, moment: datetime) -> Due:
        async with self._engine.connect() as connection:
            found = []
            for table in (datasets, runs):
                query = sa.select(table.c.id).where(
                    table.c.expires_ms <= _milliseconds(moment), table.c.removed.is_(None)
                )
                found.append(tuple(await connection.scalars(query)))
        return Due(datasets=found[0], runs=found[1])

    async def forget_removed(self, before: datetime) -> None:
        async with self._engine.begin() as connection:
            for table in (datasets, runs):
                await connection.execute(sa.delete(table).where(table.c.removed_ms < _milliseconds(before)))
            await connection.execute(sa.delete(requests).where(requests.c.created_ms < _milliseconds(before)))

    async def counts(self) -> Counts:
        # Counted once, then kept along: whoever asks for health must not queue behind those who write.
        return self._counts

    async def aclose(self) -> None:
        await self._engine.dispose()

    async def _one(self, table: sa.Table, key: str) -> sa.Row[Any] | None:
        async with self._engine.connect() as connection:
            return (await connection.execute(sa.select(table).where(table.c.id == key))).one_or_none()

    async def _page(
        self, table: sa.Table, shown: sa.Table | sa.Column[Any], principal: str, limit: int, after: str | None
    ) -> list[sa.Row[Any]]:
        query = (
            sa.select(shown)
            .where(table.c.principal == principal, table.c.removed.is_(None))
            .order_by(table.c.created_ms.desc(), table.c.id.desc())
            .limit(limit)
        )
        if after is not None:
            last = sa.select(table.c.created_ms).where(table.c.id == after).scalar_subquery()
            older = table.c.created_ms < last
            query = query.where(older | ((table.c.created_ms == last) & (table.c.id < after)))
        async with self._engine.connect() as connection:
            return list(await connection.execute(query))

    def _change_counts(self, **by: int) -> None:
        self._counts = replace(self._counts, **{name: getattr(self._counts, name) + n for name, n in by.items()})


async def _count(connection: AsyncConnection) -> Counts:
    kept = sa.select(sa.func.count()).select_from(datasets).where(datasets.c.removed.is_(None)).scalar_subquery()
    completed = sa.case((runs.c.status == RunStatus.COMPLETED.value, 1), else_=0)
    query = sa.select(
        kept,
        sa.func.coalesce(sa.func.sum(completed), 0),
        sa.func.count(),
        sa.func.coalesce(sa.func.sum(runs.c.events), 0),
    ).where(runs.c.removed.is_(None), runs.c.status.in_(FINAL))
    row = (await connection.execute(query)).one()
    return Counts(datasets=row[0], results=row[1], logs=row[2], events=row[3])


async def _remove(connection: AsyncConnection, table: sa.Table, key: str, why: Removal) -> Sequence[sa.Row[Any]]:
    """Mark as removed what is not yet; the row it was, or nothing."""
    query = sa.update(table).where(table.c.id == key, table.c.removed.is_(None))
    query = query.values(removed=why, removed_ms=_milliseconds(now())).returning(table)
    rows: Sequence[sa.Row[Any]] = (await connection.execute(query)).all()
    return rows


async def _put(connection: AsyncConnection, table: sa.Table, row: dict[str, Any]) -> None:
    await connection.execute(insert(table).values(row).on_conflict_do_update(index_elements=["id"], set_=row))


def _tell_when_full(context: sa.engine.ExceptionContext) -> None:
    """SQLite's words for a full disk, in ours."""
    if getattr(context.original_exception, "sqlite_errorname", "") in ("SQLITE_FULL", "SQLITE_IOERR_WRITE"):
        raise StorageFull("The disk of this server is full. Delete datasets or try again later.")


def _removal(row: sa.Row[Any]) -> Removal | None:
    return None if row.removed is None else Removal(row.removed)


def _dataset(row: sa.Row[Any]) -> OwnedDataset:
    return OwnedDataset.model_validate_json(row.document).model_copy(update={"removed": _removal(row)})


def _run(row: sa.Row[Any]) -> OwnedRun:
    return OwnedRun.model_validate_json(row.document).model_copy(update={"removed": _removal(row)})
