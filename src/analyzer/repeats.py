"""What somebody asks twice under one key, because the first answer got lost on its way, is done once."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from analyzer.errors import IdempotencyKeyReused, shown
from analyzer.state.base import Done, State


class Repeats:
    """Knows requests by their keys. What failed changed nothing, so it is not remembered and may be tried again."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._under_way: dict[tuple[str, str], asyncio.Event] = {}

    async def once(
        self, principal: str, key: str, fingerprint: str, do: Callable[[], Awaitable[str]]
    ) -> tuple[str, bool]:
        """The id that `do` returned, now or the first time, and whether it was the first time's."""
        async with self._alone(principal, key):
            before = await self._state.done(principal, key)
            if before is None:
                made = await do()
                await self._state.keep_done(principal, key, Done(fingerprint, made))
                return made, False
        if before.fingerprint != fingerprint:
            raise IdempotencyKeyReused(f"The key {shown(key)} came with another request before.")
        return before.id, True

    @asynccontextmanager
    async def _alone(self, principal: str, key: str) -> AsyncIterator[None]:
        """While the context lasts, whoever comes with the same key waits."""
        name = (principal, key)
        while (other := self._under_way.get(name)) is not None:
            await other.wait()
        ended = self._under_way[name] = asyncio.Event()
        try:
            yield
        finally:
            del self._under_way[name]
            ended.set()
