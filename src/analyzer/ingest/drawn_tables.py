"""Tables drawn with lines, as Markdown, org-mode, psql, MySQL and the lists of SAP have them."""

import re

from analyzer.ingest.quoted_lines import HEAD_BYTES, rewritten
from analyzer.ingest.source import Source
from analyzer.models.datasets import ReadingOptions

RULE = re.compile(rb"[ \t]*[-+|:=][-+|:= \t]*")
DASHES = re.compile(rb"-{2,}|={2,}")
BAR = re.compile(rb"(?<!\\)\|")
MAX_LINES_ABOVE = 20
DELIMITER, QUOTE = "|", '"'


def drawn_table(source: Source, options: ReadingOptions) -> tuple[Source, bool] | None:
    """The table as text delimited by bars, lines staying where they are; and whether its header comes again in it.

    None where the text is no such table, or the options say how it is written.
    """
    if options.delimiter is not None or options.quote is not None or options.skip_rows:
        return None
    head = source.head(HEAD_BYTES)
    if len(head) == HEAD_BYTES:
        head = head[: head.rfind(b"\n") + 1]
    if b"|" not in head:
        return None
    lines = [line.strip() for line in head.split(b"\n")]
    rows = [line for line in lines if b"|" in line and not _is_rule(line)]
    if len(rows) < 2 or not _is_drawn(lines, rows):
        return None
    first, again = lines.index(rows[0]), rows.count(rows[0]) > 1
    rules = frozenset(line for line in lines[max(0, first - 1) : first + 2] if _is_rule(line))
    return rewritten(source, lambda: _Drawing(rules, rows[0] if again else None)), again


def _is_drawn(lines: list[bytes], rows: list[bytes]) -> bool:
    """Whether a rule stands next to the first row, the rows are of one width, and nothing else is between them."""
    first, last = lines.index(rows[0]), len(lines) - 1 - lines[::-1].index(rows[-1])
    ruled = any(_is_rule(line) for line in lines[max(0, first - 1) : first + 2])
    between = [line for line in lines[first:last] if line and b"|" not in line and not _is_rule(line)]
    return first <= MAX_LINES_ABOVE and ruled and not between and len({len(_cells(row)) for row in rows}) == 1


def _is_rule(line: bytes) -> bool:
    return RULE.fullmatch(line) is not None and DASHES.search(line) is not None


def _cells(row: bytes) -> list[bytes]:
    row = row.strip()
    row = row[1:] if row.startswith(b"|") else row
    row = row[:-1] if row.endswith(b"|") and not row.endswith(b"\\|") else row
    return [cell.strip().replace(b"\\|", b"|") for cell in BAR.split(row)]


class _Drawing:
    """Rewrites lines: rules become blank, and so does a header that comes again.

    With bars in it only what is a rule at the top is one below, since `|--|--|` may be a row of missing cells.
    """

    def __init__(self, rules: frozenset[bytes], repeated: bytes | None) -> None:
        self._rules, self._repeated = rules, repeated
        self._began = False

    def __call__(self, text: bytes) -> bytes:
        return b"".join(map(self._rewritten, text.splitlines(keepends=True)))

    def _rewritten(self, line: bytes) -> bytes:
        content = line.strip()
        end = line[len(line.rstrip(b"\r\n")) :]
        if content in self._rules:
            return end
        if b"|" not in content:
            return end if _is_rule(content) else line
        if content == self._repeated and self._began:
            return end
        self._began = True
        return b"|".join(map(_quoted, _cells(content))) + end


def _quoted(cell: bytes) -> bytes:
    return b'"' + cell.replace(b'"', b'""') + b'"' if b"|" in cell or b'"' in cell else cell
