"""Datasets: taken in, described, read and given away."""

import asyncio
import hashlib
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from aiofiles.threadpool import wrap

from analyzer.aio import Tasks
from analyzer.blobs.base import Blobs
from analyzer.drafts import bad_rows_file, open_file
from analyzer.errors import (
    Busy,
    Expired,
    NotFound,
    RunTimeout,
    UnknownDataset,
    shown,
)
from analyzer.executors.base import Executor, ExportTable, Lane, ReadFile, Reading, ReadRows
from analyzer.models import (
    PUBLIC,
    Dataset,
    DatasetSummary,
    ExportFormat,
    OwnedDataset,
    ReadingOptions,
    Removal,
    RowsWanted,
    new_id,
    now,
)
from analyzer.retention import Retention, original_key, table_key
from analyzer.scheduler import Scheduler
from analyzer.state.base import State
from analyzer.uploads import Upload, display_name, reading_named, receiving

log = logging.getLogger("analyzer.datasets")

READER_VERSION = 5  # raise it whenever the same bytes and options may give another table
COPY_BYTES = 1024 * 1024
BUSY_SECONDS = 1  # reading a file seldom takes longer, so by then there is room


@dataclass(frozen=True)
class StoredTable:
    """A dataset and where its table lies."""

    dataset: Dataset
    key: str  # what to hold on to while using it
    path: str


@dataclass(frozen=True)
class Download:
    """A file to give away, and what to call it."""

    path: Path
    name: str


class Shelf:
    """Keeps the datasets. A dataset is whole or it does not exist: its row is written last."""

    def __init__(
        self,
        state: State,
        blobs: Blobs,
        executor: Executor,
        scheduler: Scheduler,
        retention: Retention,
        *,
        max_upload_bytes: int,
        max_uploads: int,
        timeout_seconds: float,
    ) -> None:
        self._state = state
        self._blobs = blobs
        self._executor = executor
        self._scheduler = scheduler
        self._retention = retention
        self._max_upload_bytes = max_upload_bytes
        self._max_uploads = max_uploads
        self._timeout_seconds = timeout_seconds
        self._uploads = 0
        self._arrivals = Tasks(outcomes_are_read=True)
        self._places = Tasks(outcomes_are_read=True)

    @asynccontextmanager
    async def receiving(self) -> AsyncIterator[Upload]:
        """An upload to write into and then to `add`. Raises Busy when too many are under way."""
        if self._uploads >= self._max_uploads:
            raise Busy(
                f"{self._uploads} uploads are under way already.", limit=self._max_uploads, retry_after=BUSY_SECONDS
            )
        self._uploads += 1
        try:
            async with receiving(self._blobs, self._max_upload_bytes) as upload:
                upload.on_large = self._read_early
                try:
                    yield upload
                finally:
                    for file in _files_of(_table_of(upload)).values():
                        file.unlink(missing_ok=True)
        finally:
            self._uploads -= 1

    def _read_early(self, upload: Upload, filename: str, options: ReadingOptions) -> None:
        """Begin to read what has arrived, if nobody else is being read so: one place, or slow senders would fill it."""
        if not len(self._arrivals):
            work = ReadFile(str(upload.draft), str(_table_of(upload)), display_name(filename), options, arriving=True)
            upload.early = self._arrivals.start(self._read_arriving(work), "read what arrives")

    async def _read_arriving(self, work: ReadFile) -> Reading:
        with reading_named(work.filename):
            reading: Reading = await self._executor.call(work, Lane.ARRIVALS)
            return reading

    async def add_file(self, path: Path, filename: str, options: ReadingOptions, principal: str) -> Dataset:
        """Take in a copy of a file of this machine."""
        async with self.receiving() as upload:
            upload.expect(filename, options)
            file = wrap(await open_file(path, "rb"))
            try:
                while chunk := await file.read(COPY_BYTES):
                    await upload.write(chunk)
            finally:
                await file.close()
            return await self.add(upload, filename, options, principal)

    async def add(self, upload: Upload, filename: str, options: ReadingOptions, principal: str) -> Dataset:
        """Make a dataset of what has arrived. Raises what reading it raises; then nothing of it is kept."""
        await upload.complete()
        shown = display_name(filename)
        content = content_of(upload.sha256, shown, options)
        async with self._retention.using(original_key(upload.sha256), table_key(content)):
            reading = await self._known(content)
            if reading is None:
                reading = await self._read(upload, filename, options, principal)
            dataset = self._describe(shown, options, upload.sha256, upload.size_bytes, reading)
            owned = OwnedDataset(dataset=dataset, principal=principal, content=content)
            placing = self._place(owned, upload.draft, _table_of(upload))
            dataset = await self._places.finish(placing, f"place {dataset.id}")
        log.info("dataset added", extra={"dataset": dataset.id, "rows": dataset.rows, "columns": dataset.columns})
        return dataset

    async def read_again(self, file_id: str, options: ReadingOptions, principal: str) -> Dataset:
        """Another dataset of the same file, read with other options. The old one stays."""
        old = await self.find(file_id, principal)
        content = content_of(old.sha256, old.filename, options)
        table = self._blobs.draft()
        async with self._retention.using(original_key(old.sha256), table_key(content)):
            try:
                reading = await self._known(content)
                if reading is None:
                    original = self._blobs.local(original_key(old.sha256))
                    work = ReadFile(str(original), str(table), old.filename, options)
                    reading = await self._ask(work, principal)
                dataset = self._describe(old.filename, options, old.sha256, old.size_bytes, reading)
                dataset = dataset.model_copy(update={"derived_from": old.id})
                owned = OwnedDataset(dataset=dataset, principal=principal, content=content)
                dataset = await self._places.finish(self._place(owned, None, table), f"place {dataset.id}")
            finally:
                for file in _files_of(table).values():
                    file.unlink(missing_ok=True)
        return dataset

    @asynccontextmanager
    async def _within_time(self, what: str) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(self._timeout_seconds):
                yield
        except TimeoutError:
            seconds = self._timeout_seconds
            raise RunTimeout(f"{what} took longer than {seconds:g} seconds.", limit=seconds) from None

    @asynccontextmanager
    async def _bounded(self, filename: str) -> AsyncIterator[None]:
        """Reading within its time; what goes wrong is told of the file."""
        with reading_named(filename):
            async with self._within_time(f"Reading {filename!r}"):
                yield

    async def _known(self, content: str) -> Reading | None:
        """How this content was read before, by whomever: the same bytes read in the same way give the same table."""
        twin = await self._state.dataset_of(content)
        return None if twin is None else Reading(twin.dataset.shape, twin.dataset.report)

    async def _read(self, upload: Upload, filename: str, options: ReadingOptions, principal: str) -> Reading:
        shown = display_name(filename)
        if upload.early is not None and upload.expected == (filename, options):
            async with self._bounded(shown):
                reading: Reading = await upload.early
                return reading
        await upload.forget_early()
        return await self._ask(ReadFile(str(upload.draft), str(_table_of(upload)), shown, options), principal)

    async def _ask(self, work: ReadFile, principal: str) -> Reading:
        async with self._bounded(work.filename), self._scheduler.slot(principal):
            reading: Reading = await self._executor.call(work)
            return reading

    async def _place(self, owned: OwnedDataset, original: Path | None, table: Path) -> Dataset:
        """Make blobs of what there is of the draft files, and then a dataset of them, which expires.

        What is there already is the same; it is replaced in one step. Not to be stopped halfway.
        """
        async with self._retention.placing:
            if original is not None:
                await self._blobs.keep(original_key(owned.dataset.sha256), original)
            for name, file in _files_of(table).items():
                if file.exists():
                    await self._blobs.keep(f"{table_key(owned.content)}/{name}", file)
            created_at = now()
            from_now = {"created_at": created_at, "expires_at": self._retention.expiry(created_at)}
            dataset = owned.dataset.model_copy(update=from_now)
            await self._state.add_dataset(owned.model_copy(update={"dataset": dataset}))
            return dataset

    def _describe(
        self, filename: str, options: ReadingOptions, sha256: str, size_bytes: int, reading: Reading
    ) -> Dataset:
        return Dataset(
            file_id=new_id(),
            filename=filename,
            rows=reading.shape.rows,
            columns=len(reading.shape.columns),
            size_bytes=size_bytes,
            sha256=sha256,
            created_at=now(),
            table=reading.shape.columns,
            report=reading.report,
            options=options,
        )

    async def close(self) -> None:
        """Returns when nothing is being placed any more."""
        await self._places.wait(None)

    async def find(self, file_id: str, principal: str) -> Dataset:
        """The dataset. Raises UnknownDataset, also for another principal's, and Expired."""
        return (await self._find(file_id, principal)).dataset

    async def _find(self, file_id: str, principal: str) -> OwnedDataset:
        owned = await self._state.dataset(file_id)
        if owned is None or owned.principal not in (principal, PUBLIC) or owned.removed is Removal.DELETED:
            raise UnknownDataset(f"There is no dataset {shown(file_id)}.")
        if owned.removed is Removal.EXPIRED:
            raise Expired(f"The dataset {shown(file_id)} has expired. Upload the file again.")
        return owned

    async def newest(self, principal: str, limit: int, after: str | None) -> list[DatasetSummary]:
        """The principal's own datasets, newest first, from the one after `after`."""
        return await self._state.datasets(principal, limit, after)

    async def rename(self, file_id: str, filename: str, principal: str) -> Dataset:
        """Call it something else. Raises UnknownDataset and Expired, also when it goes meanwhile."""
        owned = await self._find(file_id, principal)
        renamed = owned.dataset.model_copy(update={"filename": display_name(filename)})
        await self._state.replace_dataset(owned.model_copy(update={"dataset": renamed}))
        return await self.find(file_id, principal)

    async def remove(self, file_id: str, principal: str) -> None:
        await self._find(file_id, principal)
        await self._retention.remove_dataset(file_id, Removal.DELETED)

    @asynccontextmanager
    async def table(self, file_id: str, principal: str) -> AsyncIterator[StoredTable]:
        """The dataset and its Arrow file, for workers to map, which stays as long as the context lasts."""
        key = table_key((await self._find(file_id, principal)).content)
        async with self._retention.using(key):
            owned = await self._find(file_id, principal)  # again: only now it cannot go any more
            yield StoredTable(owned.dataset, key, str(self._blobs.local(f"{key}/table")))

    async def rows(self, file_id: str, principal: str, wanted: RowsWanted) -> bytes:
        """A page of rows as JSON: `{columns, rows, total}`."""
        async with self.table(file_id, principal) as table, self._within_time("Reading these rows"):
            page: bytes = await self._executor.call(ReadRows(table.path, wanted), Lane.PAGES)
            return page

    @asynccontextmanager
    async def download(self, file_id: str, principal: str, form: str, *, raw: bool) -> AsyncIterator[Download]:
        """The dataset as a file, which stays as long as the context lasts.

        `form` is `original`, `arrow`, `bad-rows`, or a format to write it in: `csv` or `parquet`.
        """
        found = (await self._find(file_id, principal)).dataset
        async with self.table(file_id, principal) as table, self._retention.using(original_key(found.sha256)):
            dataset, key, stem = table.dataset, table.key, Path(table.dataset.filename).stem
            match form:
                case "original":
                    yield Download(self._blobs.local(original_key(dataset.sha256)), dataset.filename)
                case "arrow":
                    yield Download(self._blobs.local(f"{key}/table"), f"{stem}.arrow")
                case "bad-rows":
                    path = self._blobs.local(f"{key}/bad-rows")
                    if not path.exists():
                        raise NotFound(f"Every row of {dataset.filename!r} fits its table: there are no bad rows.")
                    yield Download(path, f"{stem}.bad-rows.csv")
                case _:
                    name = f"{key}/export-raw.{form}" if raw else f"{key}/export.{form}"
                    await self._export(f"{key}/table", name, ExportFormat(form), raw=raw)
                    yield Download(self._blobs.local(name), f"{stem}.{form}")

    async def _export(self, table: str, name: str, form: ExportFormat, *, raw: bool) -> None:
        """Write the table in this format, unless somebody wanted that before."""
        if self._blobs.local(name).exists():
            return
        draft = self._blobs.draft()
        try:
            work = ExportTable(str(self._blobs.local(table)), str(draft), form, raw)
            async with self._within_time(f"Writing this table as {form}"):
                await self._executor.call(work, Lane.EXPORTS)
            await self._blobs.keep(name, draft)
        finally:
            draft.unlink(missing_ok=True)


def content_of(sha256: str, filename: str, options: ReadingOptions) -> str:
    """A name for what reading gives: of the bytes, the options, the ending (it can decide for JSON) and the reader."""
    said = (sha256, Path(filename).suffix.lower(), options.model_dump_json(), str(READER_VERSION))
    return hashlib.sha256("\n".join(said).encode()).hexdigest()


def _table_of(upload: Upload) -> Path:
    return upload.draft.with_name(upload.draft.name + ".table")


def _files_of(table: Path) -> dict[str, Path]:
    """What reading writes: the table, and the rows that did not fit it."""
    return {"table": table, "bad-rows": bad_rows_file(table)}
