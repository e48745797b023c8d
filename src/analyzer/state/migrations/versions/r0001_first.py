"""Datasets, runs, the logs of runs, and requests that were done."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def _owned(name: str, *more: sa.Column[Any]) -> None:
    op.create_table(
        name,
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("principal", sa.String(160), nullable=False),
        sa.Column("created_ms", sa.BigInteger, nullable=False),
        sa.Column("expires_ms", sa.BigInteger),
        sa.Column("removed", sa.String(16)),
        sa.Column("removed_ms", sa.BigInteger),
        sa.Column("document", sa.Text, nullable=False),
        *more,
    )
    op.create_index(f"{name}_of_principal", name, ["principal", "created_ms", "id"])
    op.create_index(f"{name}_expiring", name, ["expires_ms"])


def upgrade() -> None:
    _owned(
        "datasets",
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("content", sa.String(64), nullable=False),
        sa.Column("summary", sa.Text, nullable=False),
    )
    op.create_index("ix_datasets_sha256", "datasets", ["sha256"])
    op.create_index("ix_datasets_content", "datasets", ["content"])
    _owned("runs", sa.Column("status", sa.String(16), nullable=False), sa.Column("events", sa.Integer, nullable=False))
    op.create_table(
        "logs", sa.Column("id", sa.String(32), primary_key=True), sa.Column("frames", sa.LargeBinary, nullable=False)
    )
    op.create_table(
        "requests",
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("principal", sa.String(160), nullable=False),
        sa.Column("key", sa.String(255), nullable=False),
        sa.Column("fingerprint", sa.String(64), nullable=False),
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("created_ms", sa.BigInteger, nullable=False),
        sa.UniqueConstraint("principal", "key"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_requests_created_ms", "requests", ["created_ms"])
