"""Foreign code as a run sees it: into the jail, what it says to those who watch, a table it leaves to the shelf."""

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from analyzer.blobs.base import Blobs
from analyzer.executors.base import RunCode
from analyzer.executors.jail import Hear, JailExecutor
from analyzer.models import Dataset

Keep = Callable[[Path, str, str], Awaitable[Dataset]]
"""Make a dataset of this file, with this name, for this principal."""


@dataclass(frozen=True)
class ForeignCode:
    """Runs the code of a run."""

    jail: JailExecutor
    blobs: Blobs
    keep: Keep

    async def run(self, params: Mapping[str, Any], tables: Mapping[str, str], principal: str, hear: Hear) -> bytes:
        """The result as JSON. Raises the AnalyzerError that the code ended with."""
        name = params["save_as"]
        draft = self.blobs.draft() if name else None
        try:
            work = RunCode(params["code"], dict(tables), None if draft is None else str(draft))
            result = await self.jail.call(work, hear)
            return result if draft is None else await self._with_dataset(result, draft, f"{name}.arrow", principal)
        finally:
            if draft is not None:
                draft.unlink(missing_ok=True)

    async def _with_dataset(self, result: bytes, draft: Path, filename: str, principal: str) -> bytes:
        dataset = await self.keep(draft, filename, principal)
        told = json.loads(result)
        told["saved"] = {"file_id": dataset.id, "filename": dataset.filename}
        return json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode()
