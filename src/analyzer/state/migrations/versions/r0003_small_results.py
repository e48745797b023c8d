"""Where small results lie: with the logs of their runs."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.add_column("logs", sa.Column("result", sa.LargeBinary))
