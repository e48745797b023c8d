"""Bringing the schema of a database up to date."""

from pathlib import Path
from typing import Any

import sqlalchemy as sa

from analyzer.errors import DataFolderTooNew
from analyzer.state.schema import REVISION, metadata, revisions

MIGRATIONS = Path(__file__).with_name("migrations")
BEFORE_MIGRATIONS = "0001"  # the schema that databases had before a revision was noted in them


def migrate(connection: sa.Connection) -> None:
    """Do what is to be done, in the transaction of this connection. Raises DataFolderTooNew."""
    found = _revision(connection)
    if found == REVISION:
        return
    if found is None:
        metadata.create_all(connection)
        connection.execute(sa.insert(revisions).values(version_num=REVISION))
    else:
        _upgrade(connection, found)


def _revision(connection: sa.Connection) -> Any:
    """What is noted in the database; None when it is empty."""
    tables = sa.inspect(connection).get_table_names()
    if revisions.name in tables:
        return connection.scalar(sa.select(revisions.c.version_num))
    return BEFORE_MIGRATIONS if tables else None


def _upgrade(connection: sa.Connection, found: str) -> None:
    # Imported where it is needed: it costs a tenth of a second, and nearly every start finds nothing to migrate.
    import alembic.command
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    if found not in {script.revision for script in ScriptDirectory(str(MIGRATIONS)).walk_revisions()}:
        raise DataFolderTooNew(
            f"The data folder was written by a later version of analyzer: its schema is {found!r}, and this version "
            f"knows those up to {REVISION!r}. Install that version, or give this one another folder with "
            "ANALYZER_DATA_DIR."
        )
    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    if not sa.inspect(connection).has_table(revisions.name):
        alembic.command.stamp(config, found)
    alembic.command.upgrade(config, "head")
