"""Foreign code as a run sees it: into the jail, what it says to those who watch, a table it leaves to the shelf."""

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from analyzer.blobs.base import Blobs
from analyzer.errors import SessionLost, shown
from analyzer.executors.base import RunCode, SessionKey
from analyzer.executors.jail import Hear, JailExecutor
from analyzer.models import Dataset, Run
from analyzer.state.base import State

MOST_LOOKED_AT = 200  # of a principal's newest runs, for one that used a session before

Keep = Callable[[Path, str, str], Awaitable[Dataset]]
"""Make a dataset of this file, with this name, for this principal."""


@dataclass(frozen=True)
class ForeignCode:
    """Runs the code of a run."""

    jail: JailExecutor
    blobs: Blobs
    state: State
    keep: Keep

    async def run(self, params: Mapping[str, Any], tables: Mapping[str, str], principal: str, hear: Hear) -> bytes:
        """The result as JSON. Raises the AnalyzerError that the code ended with."""
        name, session = params["save_as"], None
        if params.get("session_id") is not None:
            session = SessionKey(principal, params["session_id"])
            await self._check_not_lost(session)
        draft = self.blobs.draft() if name else None
        try:
            work = RunCode(params["code"], dict(tables), None if draft is None else str(draft), session)
            result = await self.jail.call(work, hear)
            return result if draft is None else await self._with_dataset(result, draft, f"{name}.arrow", principal)
        finally:
            if draft is not None:
                draft.unlink(missing_ok=True)

    async def _check_not_lost(self, key: SessionKey) -> None:
        """A session of which only the runs are left, since the server was started again, is lost as well."""
        if self.jail.sessions.knows(key):
            return
        for owned in await self.state.runs(key.principal, MOST_LOOKED_AT, None):
            if _has_used(owned.run, key.session_id):
                if str((owned.run.error or {}).get("type")).endswith(f"/{SessionLost.code}"):
                    return  # its owner was told
                raise SessionLost(
                    f"The session {shown(key.session_id)} is gone: the server was started again, or it is long ago. "
                    "The next run begins it anew."
                )

    async def _with_dataset(self, result: bytes, draft: Path, filename: str, principal: str) -> bytes:
        dataset = await self.keep(draft, filename, principal)
        told = json.loads(result)
        told["saved"] = {"file_id": dataset.id, "filename": dataset.filename}
        return json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode()


def _has_used(run: Run, session_id: str) -> bool:
    """Whether this run was in the session; one that has not ended yet may be the one that asks."""
    return run.status.is_final and run.started_at is not None and run.params.get("session_id") == session_id
