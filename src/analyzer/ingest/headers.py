"""Unique, non-empty column names out of whatever the header row holds."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Header:
    """The names of the columns, and for each the text that stood in the file (None: there was no header row)."""

    names: tuple[str, ...]
    originals: tuple[str | None, ...]

    @property
    def renamed(self) -> tuple[tuple[str, str], ...]:
        """Pairs of (original, name) where the two differ."""
        return tuple(
            (original, name)
            for original, name in zip(self.originals, self.names, strict=True)
            if original is not None and original != name
        )


def unique_names(cells: Sequence[str | None]) -> Header:
    """Names for the columns: trimmed, `column_3` where empty, `price_2` where `price` was taken already."""
    wanted = [" ".join((cell or "").split()) or f"column_{place}" for place, cell in enumerate(cells, 1)]
    reserved = set(wanted)
    taken: set[str] = set()
    names = []
    for name in wanted:
        names.append(_free(name, taken, reserved) if name in taken else name)
        taken.add(names[-1])
    return Header(tuple(names), tuple(cells))


def numbered(width: int) -> Header:
    """Names for a table without a header row: `column_1`, `column_2`, …"""
    return Header(tuple(f"column_{place}" for place in range(1, width + 1)), (None,) * width)


def _free(name: str, taken: set[str], reserved: set[str]) -> str:
    """The first of `name_2`, `name_3`, … that no other column has or asks for."""
    place = 2
    while (candidate := f"{name}_{place}") in taken or candidate in reserved:
        place += 1
    return candidate
