"""What it takes to take up a run after the server has ended: leases, and the sections of what was laid aside."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("runs", sa.Column("lease_ms", sa.BigInteger))
    op.add_column("logs", sa.Column("sections", sa.LargeBinary))
    unfinished = sa.text("status IN ('queued', 'running')")
    op.create_index(
        "runs_unfinished", "runs", ["created_ms", "id"], sqlite_where=unfinished, postgresql_where=unfinished
    )
