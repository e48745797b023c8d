"""Small pictures made of characters."""

from collections.abc import Sequence

HEIGHTS = "▁▂▃▄▅▆▇█"
EIGHTHS = " ▏▎▍▌▋▊▉█"
SPARK_CELLS = 12


def sparkline(counts: Sequence[int]) -> str:
    """A histogram in at most SPARK_CELLS cells of equal width: each bin goes to the cells it overlaps, by the share.

    A cell with nothing in it is blank, the fullest one is full.
    """
    cells = min(len(counts), SPARK_CELLS)
    heights = [_overlapping(counts, cell, cells) for cell in range(cells)]
    most = max(heights, default=0)
    return "".join(_block(height / most) if height else " " for height in heights)


def _overlapping(counts: Sequence[int], cell: int, cells: int) -> float:
    """What lies in this cell. Bins are `cells` units wide and cells `len(counts)`, so that all edges are whole."""
    left, right = cell * len(counts), (cell + 1) * len(counts)
    bins = range(left // cells, -(-right // cells))
    return sum(counts[bin_] * (min(right, (bin_ + 1) * cells) - max(left, bin_ * cells)) for bin_ in bins) / cells


def _block(share: float) -> str:
    return HEIGHTS[min(int(share * len(HEIGHTS)), len(HEIGHTS) - 1)]


def bar(share: float | None, cells: int) -> str:
    """A share as a bar in eighths of a cell: something for the least, and full only for all of it."""
    if not share:
        return ""
    most = cells * 8 if share >= 1 else cells * 8 - 1
    eighths = min(max(int(share * cells * 8), 1), most)
    return ("█" * (eighths // 8) + EIGHTHS[eighths % 8]).rstrip()
