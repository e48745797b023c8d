"""Bytes somewhere in a buffer, which are searched and handed on without being copied out of it."""


class Stretch:
    """Like `bytes` where a form needs it to be. As long as `view` exists, the buffer is not used for anything else."""

    __slots__ = ("_buffer", "_start", "view")

    def __init__(self, buffer: bytes | bytearray, start: int = 0, end: int | None = None) -> None:
        self._buffer, self._start = buffer, start
        self.view = memoryview(buffer)[start:end]

    def __len__(self) -> int:
        return len(self.view)

    def __getitem__(self, part: slice) -> "Stretch":
        start, end, _ = part.indices(len(self))
        return Stretch(self._buffer, self._start + start, self._start + max(start, end))

    def find(self, wanted: bytes, end: int | None = None) -> int:
        """Where it begins for the first time, so that it ends before `end`; or -1."""
        length = len(self) if end is None else min(end, len(self))
        found = self._buffer.find(wanted, self._start, self._start + length)
        return found if found < 0 else found - self._start
