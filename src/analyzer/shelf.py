"""Datasets: taken in, described, read and given away."""

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import aiofiles

from analyzer.blobs.base import Blobs
from analyzer.errors import Busy, Expired, ParserCrashed, UnknownDataset
from analyzer.executors.base import Executor, ReadFile, Reading, ReadRows, WorkerDied
from analyzer.models import PUBLIC, Dataset, OwnedDataset, ReadingOptions, Removal, new_id, now
from analyzer.retention import Retention, dataset_key
from analyzer.state.base import State
from analyzer.uploads import Upload, display_name, receiving

log = logging.getLogger("analyzer.datasets")

COPY_BYTES = 1024 * 1024
BUSY_SECONDS = 1  # reading a file seldom takes longer, so by then there is room


class Shelf:
    """Keeps the datasets. A dataset is whole or it does not exist: its row is written last."""

    def __init__(
        self,
        state: State,
        blobs: Blobs,
        executor: Executor,
        retention: Retention,
        *,
        max_upload_bytes: int,
        max_uploads: int,
    ) -> None:
        self._state = state
        self._blobs = blobs
        self._executor = executor
        self._retention = retention
        self._max_upload_bytes = max_upload_bytes
        self._max_uploads = max_uploads
        self._uploads = 0

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
                yield upload
        finally:
            self._uploads -= 1

    async def add_file(self, path: Path, filename: str, options: ReadingOptions, principal: str) -> Dataset:
        """Take in a copy of a file of this machine."""
        async with self.receiving() as upload, aiofiles.open(path, "rb") as file:
            while chunk := await file.read(COPY_BYTES):
                await upload.write(chunk)
            return await self.add(upload, filename, options, principal)

    async def add(self, upload: Upload, filename: str, options: ReadingOptions, principal: str) -> Dataset:
        """Make a dataset of what has arrived. Raises what reading it raises; then nothing of it is kept."""
        await upload.complete()
        file_id = new_id()
        key = dataset_key(file_id)
        table = self._blobs.draft()
        async with self._retention.using(key):
            try:
                reading = await self._read(upload.draft, table, display_name(filename), options)
                dataset = self._describe(file_id, display_name(filename), upload, reading)
                await self._blobs.keep(f"{key}/original", upload.draft)
                await self._blobs.keep(f"{key}/table", table)
                await self._state.add_dataset(OwnedDataset(dataset=dataset, principal=principal))
            except BaseException:
                await asyncio.shield(self._clear(key, table))
                raise
        log.info("dataset added", extra={"dataset": file_id, "rows": dataset.rows, "columns": dataset.columns})
        return dataset

    async def _clear(self, key: str, table: Path) -> None:
        table.unlink(missing_ok=True)
        await self._blobs.delete(key)

    async def _read(self, source: Path, target: Path, filename: str, options: ReadingOptions) -> Reading:
        try:
            reading: Reading = await self._executor.call(ReadFile(str(source), str(target), filename, options))
        except WorkerDied:
            raise ParserCrashed(f"Reading {filename!r} ended the worker that read it.") from None
        return reading

    def _describe(self, file_id: str, filename: str, upload: Upload, reading: Reading) -> Dataset:
        created_at = now()
        return Dataset(
            file_id=file_id,
            filename=filename,
            rows=reading.shape.rows,
            columns=len(reading.shape.columns),
            size_bytes=upload.size_bytes,
            sha256=upload.sha256,
            created_at=created_at,
            expires_at=self._retention.expiry(created_at),
            table=reading.shape.columns,
            report=reading.report,
        )

    async def find(self, file_id: str, principal: str) -> Dataset:
        """The dataset. Raises UnknownDataset, also for another principal's, and Expired."""
        owned = await self._state.dataset(file_id)
        if owned is None or owned.principal not in (principal, PUBLIC) or owned.removed is Removal.DELETED:
            raise UnknownDataset(f"There is no dataset {file_id!r}.")
        if owned.removed is Removal.EXPIRED:
            raise Expired(f"The dataset {file_id!r} has expired. Upload the file again.")
        return owned.dataset

    async def newest(self, principal: str, limit: int, after: str | None) -> list[Dataset]:
        """The principal's own datasets, newest first, from the one after `after`."""
        return [owned.dataset for owned in await self._state.datasets(principal, limit, after)]

    async def remove(self, file_id: str, principal: str) -> None:
        await self.find(file_id, principal)
        await self._retention.remove_dataset(file_id, Removal.DELETED)

    def table(self, file_id: str) -> Path:
        """The Arrow file of a dataset, for workers to map."""
        return self._blobs.local(f"{dataset_key(file_id)}/table")

    async def rows(self, file_id: str, principal: str, offset: int, limit: int, columns: Sequence[str] | None) -> bytes:
        """A page of rows as JSON: `{columns, rows, total}`."""
        await self.find(file_id, principal)
        names = None if columns is None else tuple(columns)
        async with self._retention.using(dataset_key(file_id)):
            page: bytes = await self._executor.call(ReadRows(str(self.table(file_id)), offset, limit, names))
            return page
