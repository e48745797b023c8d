"""What reading a file did and lost, gathered while it is read."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from analyzer.drafts import bad_rows_file
from analyzer.ingest.layout import is_comment
from analyzer.ingest.records import Record
from analyzer.models.datasets import BadRows, CellSample, Coercion

MAX_SAMPLES = 5
MAX_SAMPLE_CHARACTERS = 200
MAX_LINES = 1_000
MAX_LEFT_OUT = 100
MAX_WARNINGS = 200


@dataclass(frozen=True)
class Change:
    """Cells of one column that are stored as something other than what they say, and the first few of them.

    `token` is the text that was read as missing, where that is the change.
    """

    change: str
    count: int
    samples: tuple[CellSample, ...] = ()
    token: str | None = None


@dataclass(frozen=True)
class BadRow:
    """A row that does not fit the table: its first line, from 1, and its text."""

    line: int
    text: str


@dataclass
class Findings:
    """Gathers changes, bad rows and remarks; the lists are bounded, the counts are not."""

    replaced: int = 0
    warnings: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    bad_lines: list[int] = field(default_factory=list)
    bad_count: int = 0
    null_tokens: set[str] = field(default_factory=set)
    _changes: dict[tuple[str, str], Change] = field(default_factory=dict)

    def add_change(self, column: str, change: Change) -> None:
        """Count a change of cells of the column; the same change is counted together."""
        before = self._changes.get((column, change.change), Change(change.change, 0))
        samples = (*before.samples, *change.samples)[:MAX_SAMPLES]
        if change.token is not None:
            self.null_tokens.add(change.token)
        self._changes[column, change.change] = Change(change.change, before.count + change.count, samples)

    def add_bad_rows(self, rows: Sequence[BadRow], target: Path) -> None:
        """Note rows that do not fit, and keep their text beside the target."""
        if not rows:
            return
        with bad_rows_file(target).open("w" if self.bad_count == 0 else "a", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            if self.bad_count == 0:
                writer.writerow(("line", "row"))
            writer.writerows((row.line, row.text) for row in rows)
        self.bad_count += len(rows)
        self.bad_lines.extend(row.line for row in rows[: MAX_LINES - len(self.bad_lines)])

    def leave_out(self, text: str) -> None:
        """Note a line that is not part of the table: a title, a comment, a footer."""
        if len(self.left_out) < MAX_LEFT_OUT:
            self.left_out.append(shortened(text))

    def warn(self, warning: str) -> None:
        if len(self.warnings) < MAX_WARNINGS:
            self.warnings.append(warning)

    def warn_of_rows_above(self, preamble: Sequence[Record]) -> None:
        """Warn where what stands above the table looks like rows: where more than one cell of a line is filled."""
        rows = [record for record in preamble if not is_comment(record.cells)]
        lines = [record.line + 1 for record in rows if sum(map(bool, record.cells)) > 1]
        if not lines:
            return
        which = f"Line {lines[0]}" if len(lines) == 1 else f"{len(lines):,} lines from line {lines[0]} on"
        self.warn(
            f"{which} above the table {'has' if len(lines) == 1 else 'have'} several cells, but not as many as most "
            "rows; see `left_out`. If they belong to the table, set `header` or `delimiter` and read it again."
        )

    @property
    def coercions(self) -> tuple[Coercion, ...]:
        return tuple(
            Coercion(column=column, change=change.change, count=change.count, samples=change.samples)
            for (column, _), change in self._changes.items()
        )

    def bad_rows(self, reason: str) -> BadRows | None:
        """What the report says about rows that did not fit, or None if all did."""
        if not self.bad_count:
            return None
        return BadRows(count=self.bad_count, lines=tuple(self.bad_lines), reason=reason)


def shortened(text: str) -> str:
    """At most as much of a text as a report shows."""
    return text if len(text) <= MAX_SAMPLE_CHARACTERS else text[: MAX_SAMPLE_CHARACTERS - 1] + "…"
