"""The tables of a relational state, and how a value becomes a row and a row a value again.

A row holds the whole value as JSON, and beside it the few columns that are searched by or change by themselves.
Moments are kept as milliseconds since 1970. A change here needs a migration beside it, in `migrations/versions`.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from analyzer.models import DatasetSummary, OwnedDataset, OwnedRun, Removal, RunStatus

metadata = sa.MetaData()

REVISION = "0003"
"""Which migration leads to the tables as they are here."""

FINAL = [status.value for status in RunStatus if status.is_final]
UNFINISHED = sa.text("status IN ({})".format(", ".join(f"'{one}'" for one in RunStatus if not one.is_final)))


def _owned_table(name: str, *more: sa.schema.SchemaItem) -> sa.Table:
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
    "runs",
    sa.Column("status", sa.String(16), nullable=False),
    sa.Column("events", sa.Integer, nullable=False),
    sa.Column("lease_ms", sa.BigInteger),
    sa.Index("runs_unfinished", "created_ms", "id", sqlite_where=UNFINISHED, postgresql_where=UNFINISHED),
)
logs = sa.Table(
    "logs",
    metadata,
    sa.Column("id", sa.String(32), primary_key=True),
    sa.Column("frames", sa.LargeBinary, nullable=False),
    sa.Column("sections", sa.LargeBinary),  # of a run laid aside: what is done of it
    sa.Column("result", sa.LargeBinary),  # of a completed run, where it is small
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
revisions = sa.Table("alembic_version", metadata, sa.Column("version_num", sa.String(32), primary_key=True))


def milliseconds(moment: datetime | None) -> int | None:
    """A moment as it is kept."""
    return None if moment is None else round(moment.timestamp() * 1000)


def moment_of(kept: int | None) -> datetime | None:
    """The moment that was kept as this."""
    return None if kept is None else datetime.fromtimestamp(kept / 1000, UTC)


def dataset_row(owned: OwnedDataset) -> dict[str, Any]:
    """A dataset as it is kept."""
    dataset = owned.dataset
    return {
        "id": dataset.file_id,
        "principal": owned.principal,
        "created_ms": milliseconds(dataset.created_at),
        "expires_ms": milliseconds(dataset.expires_at),
        "removed": owned.removed,
        "document": owned.model_dump_json(),
        "sha256": dataset.sha256,
        "content": owned.content,
        "summary": dataset.summary.model_dump_json(),
    }


def run_row(owned: OwnedRun, events: int = 0) -> dict[str, Any]:
    """A run as it is kept, with a log of so many events."""
    run = owned.run
    return {
        "id": run.task_execution_id,
        "principal": owned.principal,
        "created_ms": milliseconds(run.created_at),
        "expires_ms": milliseconds(run.expires_at),
        "removed": owned.removed,
        "removed_ms": None,
        "status": run.status.value,
        "events": events,
        "lease_ms": milliseconds(owned.lease_until),
        "document": owned.model_dump_json(exclude={"lease_until"}),
    }


def dataset_of(row: sa.Row[Any]) -> OwnedDataset:
    """The dataset that was kept as this."""
    owned = OwnedDataset.model_validate_json(row.document)
    dataset = owned.dataset.model_copy(update=_expiry(row))
    return owned.model_copy(update={"dataset": dataset, "removed": _removal(row)})


def summary_of(row: sa.Row[Any]) -> DatasetSummary:
    """What a list says of the dataset that was kept as this."""
    return DatasetSummary.model_validate_json(row.summary).model_copy(update=_expiry(row))


def run_of(row: sa.Row[Any]) -> OwnedRun:
    """The run that was kept as this."""
    owned = OwnedRun.model_validate_json(row.document)
    run = owned.run.model_copy(update=_expiry(row))
    return owned.model_copy(update={"run": run, "removed": _removal(row), "lease_until": moment_of(row.lease_ms)})


def _expiry(row: sa.Row[Any]) -> Mapping[str, Any]:
    """The column decides and not the document, since it is moved when the clock was."""
    return {"expires_at": moment_of(row.expires_ms)}


def _removal(row: sa.Row[Any]) -> Removal | None:
    return None if row.removed is None else Removal(row.removed)
