"""Conversations: each turn is a run of its own, and says which one it follows."""

import json
from dataclasses import dataclass
from typing import Any

from analyzer.ask.prompts import earlier
from analyzer.blobs.base import BlobMissing, Blobs
from analyzer.errors import Expired, InvalidParameters, NoResult, UnknownRun, shown
from analyzer.llm.base import Message
from analyzer.models import PUBLIC, OwnedRun, RunStatus
from analyzer.retention import stored_result
from analyzer.state.base import State

MOST_TURNS = 6  # of a conversation that a follow-up repeats
MOST_LOOKED_AT = 1000  # runs, for the latest turn of a conversation
PAGE = 100


@dataclass(frozen=True)
class Turns:
    """Finds the turns of conversations and what they said."""

    state: State
    blobs: Blobs

    async def completed(self, run_id: str, principal: str) -> OwnedRun:
        """A completed run. Raises UnknownRun, Expired, NoResult."""
        owned = await self.state.run(run_id)
        if owned is None or owned.principal not in (principal, PUBLIC):
            raise UnknownRun(f"There is no run {shown(run_id)}.")
        if owned.removed:
            raise Expired(f"The run {shown(run_id)} has expired. Start it again.")
        if owned.run.status is not RunStatus.COMPLETED:
            raise NoResult(f"The run {shown(run_id)} has no result: it is {owned.run.status}.")
        return owned

    async def result(self, run_id: str) -> dict[str, Any]:
        try:
            found: dict[str, Any] = json.loads(await stored_result(self.state, self.blobs, run_id))
        except BlobMissing:
            raise Expired(f"The result of run {shown(run_id)} has expired. Start it again.") from None
        return found

    async def before(self, conversation_id: str | None, after: str | None, principal: str) -> OwnedRun | None:
        """The turn that a question with these parameters follows."""
        if after is not None:
            turn = await self.completed(after, principal)
            if not turn.run.task_id.startswith("ask_"):
                raise InvalidParameters(f"The run {shown(after)} is no turn of a conversation.")
            return turn
        if conversation_id is None:
            return None
        first = await self.completed(conversation_id, principal)
        return await self._latest(conversation_id, first.principal) or first

    async def _latest(self, conversation_id: str, principal: str) -> OwnedRun | None:
        last: str | None = None
        for _ in range(MOST_LOOKED_AT // PAGE):
            page = await self.state.runs(principal, PAGE, last)
            for owned in page:
                same = owned.run.params.get("conversation_id") == conversation_id
                if same and owned.run.status is RunStatus.COMPLETED and owned.run.task_id.startswith("ask_"):
                    return owned
                last = owned.run.id
            if len(page) < PAGE or last == conversation_id:
                break
        return None

    async def said(self, turn: OwnedRun | None, principal: str) -> tuple[str | None, list[Message]]:
        """The conversation's id, and what was said in the turns up to this one, the oldest first."""
        messages: list[Message] = []
        conversation_id: str | None = None
        while turn is not None and len(messages) < 2 * MOST_TURNS:
            told = await self.result(turn.run.id)
            conversation_id = conversation_id or told["conversation_id"]
            messages = [Message("user", earlier(told["question"])), Message("assistant", told["said"]), *messages]
            before = told["conversation"]["after"]
            try:
                turn = await self.completed(before, principal) if before else None
            except (Expired, UnknownRun):
                break
        return conversation_id, messages
