"""A data folder of any version becomes one of this version, or is refused."""

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from analyzer import Analyzer, Settings
from analyzer.errors import DataFolderTooNew
from analyzer.state.migrating import MIGRATIONS
from analyzer.state.schema import REVISION, metadata
from analyzer.state.sql import SqlState
from tests.serverprocess import refusal_of
from tests.state.test_state import _dataset, _run

FIRST = """
CREATE TABLE datasets (
    id VARCHAR(32) NOT NULL, principal VARCHAR(160) NOT NULL, created_ms BIGINT NOT NULL, expires_ms BIGINT,
    removed VARCHAR(16), removed_ms BIGINT, document TEXT NOT NULL, sha256 VARCHAR(64) NOT NULL,
    content VARCHAR(64) NOT NULL, summary TEXT NOT NULL, PRIMARY KEY (id));
CREATE INDEX ix_datasets_content ON datasets (content);
CREATE INDEX ix_datasets_sha256 ON datasets (sha256);
CREATE INDEX datasets_of_principal ON datasets (principal, created_ms, id);
CREATE INDEX datasets_expiring ON datasets (expires_ms);
CREATE TABLE runs (
    id VARCHAR(32) NOT NULL, principal VARCHAR(160) NOT NULL, created_ms BIGINT NOT NULL, expires_ms BIGINT,
    removed VARCHAR(16), removed_ms BIGINT, document TEXT NOT NULL, status VARCHAR(16) NOT NULL,
    events INTEGER NOT NULL, PRIMARY KEY (id));
CREATE INDEX runs_of_principal ON runs (principal, created_ms, id);
CREATE INDEX runs_expiring ON runs (expires_ms);
CREATE TABLE logs (id VARCHAR(32) NOT NULL, frames BLOB NOT NULL, PRIMARY KEY (id));
CREATE TABLE requests (
    number INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, principal VARCHAR(160) NOT NULL, "key" VARCHAR(255) NOT NULL,
    fingerprint VARCHAR(64) NOT NULL, id VARCHAR(32) NOT NULL, created_ms BIGINT NOT NULL, UNIQUE (principal, "key"));
CREATE INDEX ix_requests_created_ms ON requests (created_ms);
"""
"""The schema before revisions were noted, as a server of that time made it."""


def _make(file: Path, script: str) -> None:
    with sqlite3.connect(file) as connection:
        connection.executescript(script)
    connection.close()


def _described(file: Path) -> dict[str, list[object]]:
    """Columns and indexes of every table, as SQLite knows them; the order of columns is of no account."""
    with sqlite3.connect(file) as connection:
        tables = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        told: dict[str, list[object]] = {}
        for table in tables:
            columns = [row[1:] for row in connection.execute(f"PRAGMA table_info({table})")]
            indexes = [row[1:] for row in connection.execute(f"PRAGMA index_list({table})")]
            told[table] = [sorted(columns), sorted(indexes)]
    connection.close()
    return told


async def test_a_folder_of_the_first_schema_is_migrated_and_keeps_what_it_held(tmp_path: Path) -> None:
    file, fresh = tmp_path / "old.sqlite", tmp_path / "fresh.sqlite"
    _make(file, FIRST)
    dataset, run = _dataset(), _run()
    document = run.model_dump_json(exclude={"attempt", "lease_until"})
    with sqlite3.connect(file) as connection:
        values = (
            "public",
            1,
            2,
            None,
            None,
            dataset.model_dump_json(),
            "s",
            "c",
            dataset.dataset.summary.model_dump_json(),
        )
        connection.execute(f"INSERT INTO datasets VALUES (?{', ?' * 9})", (dataset.dataset.id, *values))
        connection.execute(
            f"INSERT INTO runs VALUES (?{', ?' * 8})", (run.run.id, "public", 1, 2, None, None, document, "queued", 0)
        )
    connection.close()
    for path in (file, fresh):
        state = SqlState(path)
        await state.open()
        if path is file:
            found = await state.dataset(dataset.dataset.id)
            assert found is not None
            assert found.dataset.filename == dataset.dataset.filename
            (unfinished,) = await state.unfinished_runs()
            assert (unfinished.run.id, unfinished.attempt) == (run.run.id, 1)
        await state.aclose()
    assert _described(file) == _described(fresh)


def test_the_migrations_lead_to_the_tables_of_the_code(tmp_path: Path) -> None:
    assert ScriptDirectory(str(MIGRATIONS)).get_current_head() == REVISION
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'fresh.sqlite'}", poolclass=sa.NullPool)
    with engine.begin() as connection:
        metadata.create_all(connection)
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


async def test_a_folder_of_a_later_version_is_refused_and_left_as_it_is(
    make_settings: Callable[..., Settings], tmp_path: Path
) -> None:
    settings = make_settings()
    settings.data_dir.mkdir()
    file = settings.data_dir / "state.sqlite"
    _make(
        file,
        "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL); INSERT INTO alembic_version VALUES ('9999');",
    )
    with pytest.raises(DataFolderTooNew, match="9999"):
        await Analyzer(settings).__aenter__()
    status, told = await refusal_of("--data-dir", str(settings.data_dir))
    assert status == 2
    assert "9999" in told
    assert "ANALYZER_DATA_DIR" in told
    assert "Traceback" not in told
    assert set(_described(file)) == {"alembic_version"}
