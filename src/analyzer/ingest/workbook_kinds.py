"""What kind a cell of a workbook was before it became a text, where the table would hide that."""

import re
from collections.abc import Iterable, Sequence

from analyzer.ingest.column_types import ColumnPlan
from analyzer.ingest.findings import MAX_SAMPLES, Change, Findings, shortened
from analyzer.models.datasets import CellSample

MAY_BE_TYPED = re.compile(r"\s*([-+]?[.,]?[0-9]|[-+]?inf|(true|false|yes|no|[tfyn])\s*$)", re.IGNORECASE)
"""What a text that becomes a number, a date or a boolean looks like. With any other text in it, a column stays text."""


class WrittenText(str):
    """A cell that is text in the workbook, whatever it looks like."""

    __slots__ = ()


class LargeDouble(str):
    """A whole number so large that as a double, which is all the workbook or its parser keeps, it may be another."""

    __slots__ = ()


class CellKinds:
    """How many cells of one column are texts and large doubles, and the first of them. `tokens` mean missing."""

    def __init__(self, tokens: Sequence[str]) -> None:
        self._tokens = frozenset(("", *tokens))
        self._count: dict[type[str], int] = {WrittenText: 0, LargeDouble: 0}
        self._samples: dict[type[str], list[CellSample]] = {WrittenText: [], LargeDouble: []}
        self._stays_text = False

    def add(self, cells: Sequence[str | None], lines: Sequence[int]) -> None:
        """Look at cells of the column, which stand in these lines."""
        for kind in set(map(type, cells)) & self._count.keys():
            if kind is not WrittenText or not self._stays_text:
                self._note(kind, (pair for pair in zip(cells, lines, strict=True) if type(pair[0]) is kind))

    def _note(self, kind: type[str], found: Iterable[tuple[str | None, int]]) -> None:
        samples = self._samples[kind]
        for cell, line in found:
            text = str(cell)
            if text.strip() in self._tokens:
                continue
            if kind is WrittenText and not MAY_BE_TYPED.match(text):
                self._stays_text = True
                return
            self._count[kind] += 1
            if len(samples) < MAX_SAMPLES:
                samples.append(CellSample(line=line, text=shortened(text)))

    def tell(self, name: str, plan: ColumnPlan, findings: Findings) -> None:
        """Note texts that became something else, and warn of doubles that may have been rounded."""
        texts = self._count[WrittenText]
        if texts and plan.type != "text" and not plan.fixed:
            change = f"text in the workbook, read as {plan.type}"
            findings.add_change(name, Change(change, texts, tuple(self._samples[WrittenText])))
        if doubles := self._count[LargeDouble]:
            lines = [str(sample.line) for sample in self._samples[LargeDouble]]
            what = (
                "1 whole number of 2^53 or more is a double"
                if doubles == 1
                else f"{doubles:,} whole numbers of 2^53 or more are doubles"
            )
            places = f"row{'s' if doubles > 1 else ''} {', '.join(lines)}{', …' if doubles > len(lines) else ''}"
            findings.warn(f"Column {name!r}: {what} in this workbook and may have been rounded; see {places}.")
