"""Sections that several analyses of one dataset ask for: computed once, and kept as long as there is room."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable

from analyzer.executors.base import EncodedSection

Key = tuple[str, str, tuple[str, ...]]
"""The path of the stored table, the part's `shared`, its columns."""


class SharedSections:
    """Keeps the sections used last, `max_bytes` of them together at most."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._bytes = 0
        self._kept: OrderedDict[Key, EncodedSection] = OrderedDict()
        self._under_way: dict[Key, asyncio.Future[None]] = {}

    async def get(self, key: Key, compute: Callable[[], Awaitable[EncodedSection]]) -> EncodedSection:
        """The section under this key, from what is kept, else computed. Raises what `compute` raises.

        Whoever asks while somebody else computes it waits for that one, and takes over when nothing comes of it.
        """
        while key not in self._kept:
            if key not in self._under_way:
                return await self._compute(key, compute)
            await asyncio.wait([self._under_way[key]])
        self._kept.move_to_end(key)
        return self._kept[key]

    async def _compute(self, key: Key, compute: Callable[[], Awaitable[EncodedSection]]) -> EncodedSection:
        self._under_way[key] = asyncio.get_running_loop().create_future()
        try:
            section = await compute()
            self._keep(key, section)
        finally:
            self._under_way.pop(key).set_result(None)
        return section

    def _keep(self, key: Key, section: EncodedSection) -> None:
        self._kept[key] = section
        self._bytes += _size(section)
        while self._bytes > self._max_bytes:
            self._bytes -= _size(self._kept.popitem(last=False)[1])


def _size(section: EncodedSection) -> int:
    """What it holds, and a little for what holds it."""
    return section.size_bytes + 1000
