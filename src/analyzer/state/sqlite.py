"""An SQLite file that one thread writes and another reads.

Who wants to write hands over a function and waits. Those that came while the last transaction was being committed are
committed together, in one transaction: that is what makes many small writes cheap. In the write-ahead log with
`synchronous=NORMAL` a commit is a write that the system has taken, so it outlives the process, however that ends.
After a power cut the last moments may be missing, but never a part of a transaction, nor one from the middle.
"""

import asyncio
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import sqlalchemy as sa

from analyzer.aio import Tasks
from analyzer.errors import StorageFull
from analyzer.state.migrating import migrate

T = TypeVar("T")

MAX_TOGETHER = 256  # writes in one transaction
COMMITS_A_MOVE = 64  # after so many, what the log holds is moved into the file
MAX_PAGES = 16_000  # 64 MB of log: from here on the writers wait for that

Work = Callable[[sa.Connection], Any]


class SqliteFile:
    """The file and its threads. `read` and `write` take a function of a connection and return what it returns."""

    def __init__(self, file: Path) -> None:
        engine = sa.create_engine(sa.URL.create("sqlite", database=str(file)), poolclass=sa.NullPool)
        sa.event.listen(engine, "connect", _prepare)
        sa.event.listen(engine, "handle_error", _tell_when_full)
        self._writer = _Thread(engine, "analyzer-state-writer")
        self._reader = _Thread(engine, "analyzer-state-reader")
        self._mover = _Thread(engine, "analyzer-state-mover")
        self._waiting: list[tuple[Work, asyncio.Future[Any]]] = []
        self._tasks = Tasks()
        self._writing = False
        self._moving = False
        self._commits = 0  # since the log was last moved

    async def open(self) -> None:
        """Brings the schema up to date. Raises DataFolderTooNew when a later version of this program made it."""
        await self._writer.call(partial(_commit, [migrate]))

    async def read(self, work: Callable[[sa.Connection], T]) -> T:
        return await self._reader.call(work)

    async def write(self, work: Callable[[sa.Connection], T]) -> T:
        """What was done is committed when this returns. When it raises, nothing of it is.

        When the caller is cancelled, it is done or not. The function may be called a second time, when another one
        of the same transaction fails.
        """
        return await self.hand_in(work)

    def hand_in(self, work: Callable[[sa.Connection], T]) -> asyncio.Future[T]:
        """What `write` returns or raises, to come. What is handed in first is written first."""
        done: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._waiting.append((work, done))
        if not self._writing:
            self._writing = True
            self._tasks.start(self._write_all(), "write the state")
        return done

    async def _write_all(self) -> None:
        try:
            while self._waiting:
                together, self._waiting = self._waiting[:MAX_TOGETHER], self._waiting[MAX_TOGETHER:]
                works = [work for work, _ in together]
                outcomes = await self._writer.call(partial(_outcomes, works))
                for (_, done), outcome in zip(together, outcomes, strict=True):
                    _settle(done, outcome)
                self._note_commit()
        finally:
            self._writing = False

    def _note_commit(self) -> None:
        self._commits += 1
        if self._commits >= COMMITS_A_MOVE and not self._moving:
            self._moving = True
            self._tasks.start(self._move_log(), "move the log of the state")

    async def _move_log(self) -> None:
        """Beside the writing, which need not wait for the disk; unless the log grows faster than it is moved."""
        try:
            self._commits = 0
            pages = await self._mover.call(partial(_move_log, "PASSIVE"))
            if pages > MAX_PAGES:
                await self._writer.call(partial(_move_log, "RESTART"))
        finally:
            self._moving = False

    async def aclose(self) -> None:
        """What was handed over is written; then the file is closed."""
        await self._tasks.wait(None)
        for thread in (self._mover, self._reader, self._writer):
            await thread.aclose()


class _Thread:
    """A thread with a connection of its own."""

    def __init__(self, engine: sa.Engine, name: str) -> None:
        self._engine = engine
        self._name = name
        self._executor: ThreadPoolExecutor | None = None
        self._connection: sa.Connection | None = None

    async def call(self, work: Callable[[sa.Connection], T]) -> T:
        if self._executor is None:
            self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix=self._name)
        return await asyncio.get_running_loop().run_in_executor(self._executor, self._do, work)

    def _do(self, work: Callable[[sa.Connection], T]) -> T:
        if self._connection is None:
            self._connection = self._engine.connect()
        with self._connection.begin():  # a matter of SQLAlchemy's; SQLite learns of a transaction from who writes
            return work(self._connection)

    async def aclose(self) -> None:
        if self._executor is not None:
            await asyncio.get_running_loop().run_in_executor(self._executor, self._close)
            self._executor.shutdown(wait=False)  # nothing is left for it to do
            self._executor = None

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _prepare(connection: Any, record: object) -> None:
    connection.isolation_level = None  # Python's driver would otherwise begin transactions at moments of its own
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "wal_autocheckpoint=0", "busy_timeout=10000"):
        connection.execute(f"PRAGMA {pragma}")


def _outcomes(works: Sequence[Work], connection: sa.Connection) -> list[Any]:
    """What each has returned, or the exception it raised. One that fails takes nobody down with it."""
    try:
        return _commit(works, connection)
    except Exception as failure:  # noqa: BLE001 - it is handed to whoever wanted the write
        if len(works) == 1:
            return [failure]
    return [outcome for work in works for outcome in _outcomes([work], connection)]


def _commit(works: Sequence[Work], connection: sa.Connection) -> list[Any]:
    connection.exec_driver_sql("BEGIN IMMEDIATE")
    try:
        outcomes = [work(connection) for work in works]
        connection.exec_driver_sql("COMMIT")
    except BaseException:
        driver: Any = connection.connection.driver_connection
        driver.rollback()  # does nothing where SQLite has done so already
        raise
    return outcomes


def _settle(done: asyncio.Future[Any], outcome: Any) -> None:
    if done.done():
        return  # whoever waited for it has left
    if isinstance(outcome, BaseException):
        done.set_exception(outcome)
    else:
        done.set_result(outcome)


def _move_log(mode: str, connection: sa.Connection) -> int:
    """How many pages of the log remain to be moved."""
    _, pages, moved = connection.exec_driver_sql(f"PRAGMA wal_checkpoint({mode})").one()
    return int(pages - moved)


def execute(connection: sa.Connection, statement: str, values: Mapping[str, Any]) -> None:
    """As the driver does it. What SQLAlchemy does around a statement takes as long as SQLite does for it."""
    driver: Any = connection.connection.driver_connection
    try:
        driver.execute(statement, values)
    except sqlite3.Error as failure:
        _refuse_when_full(failure)
        raise


def _tell_when_full(context: sa.engine.ExceptionContext) -> None:
    _refuse_when_full(context.original_exception)


def _refuse_when_full(failure: BaseException) -> None:
    """SQLite's words for a full disk, in ours."""
    if getattr(failure, "sqlite_errorname", "") in ("SQLITE_FULL", "SQLITE_IOERR_WRITE"):
        raise StorageFull("The disk of this server is full. Delete datasets or try again later.") from failure
