"""What stays here of texts that code and results bring along: whatever might be a cell."""

import builtins
import keyword
import re
from collections.abc import Iterable, Mapping
from typing import Any

from analyzer.ask.quoting import quoted
from analyzer.errors import AnalyzerError

MOST_WORDS = 60
MOST_RESULT = 20_000

WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*|\d+(?:\.\d+)?|\S")
TELLING = frozenset(  # of the strings in a result, those that our own code wrote, by their keys
    {"name", "column", "columns", "kind", "type", "task_id", "code", "severity", "dimension", "method", "reason"}
    | {"formula", "unit", "family", "test", "monotonicity", "resolution", "title", "left", "right"}
)
CELLS = frozenset({"rows", "examples", "samples", "sample", "modes", "charts", "value", "table", "text", "output"})
VOCABULARY = frozenset(
    """a an and any argument arguments array as at attribute axis be because between bool boolean boundary by call
    callable can cannot category column columns compare comparison contains convert could data dataframe date datetime
    dict dimension dimensions division do does dtype dtypes duplicate either element empty error exceeded expected
    expression failed field float for found frame from function got group groups has have if implemented in incompatible
    index indexer int integer invalid invalidly is iterable item key keys label labels length level line list matching
    match memory method mismatch missing module more most must name named no none not number object of on only
    operand operands operation operator or out parse permission denied permitted positional range reached required
    result returned row rows scalar sequence series set shape shapes size slice specify string subscriptable support
    supported syntax table tables takes that the this timestamp to too truth tuple type types unable unexpected
    unhashable unknown unpack unsupported use using value values was were when while width with without zero
    ambiguous all closed overlap merge join both sides left right suffix bool object dtype int64 float64 double string
    large_string timestamp code second seconds limit limits time up was stopped processor printed back given nothing
    """.split()  # noqa: SIM905 - words read better than a list
)


def withheld(failure: AnalyzerError, code: str, names: Iterable[str]) -> str:
    """What may be told of a failure: where it was, and of its message the words that cannot come from a cell.

    Those are the words of the code itself, the names of columns, Python's own, and a few that errors are made of.
    """
    known = {name.casefold() for name in (*dir(builtins), *keyword.kwlist)} | VOCABULARY
    known |= {word.casefold() for text in (code, *names) for word in WORD.findall(text)}
    words, gap = [], False
    for word in WORD.findall(failure.detail)[:MOST_WORDS]:
        may_leave = word.casefold() in known or (len(word) == 1 and not word.isalnum() and word.isascii())
        if may_leave:
            words.append(word)
        elif not gap:
            words.append("…")
        gap = not may_leave
    line = failure.more.get("line")
    where = f" in line {line}" if isinstance(line, int) else ""
    return f"{failure.code}{where}: {' '.join(words)}"


def figures_of(result: Mapping[str, Any], min_group: int) -> str:
    """The result as JSON without what may be a cell."""
    return whole(_kept(result, "", min_group))


def whole(result: Mapping[str, Any]) -> str:
    """The result as JSON, not longer than a prompt can bear."""
    text = quoted(result)
    return text if len(text) <= MOST_RESULT else text[:MOST_RESULT] + "…"


def _kept(value: Any, key: str, min_group: int) -> Any:
    if isinstance(value, Mapping):
        frequent = isinstance(value.get("count"), int) and value["count"] >= min_group
        return {
            name: item if name == "value" and frequent else _kept(item, name, min_group)
            for name, item in value.items()
            if name not in CELLS or (name == "value" and frequent) or (name == "rows" and isinstance(item, int))
        }
    if isinstance(value, list):
        return [_kept(item, key, min_group) for item in value]
    return "…" if isinstance(value, str) and key not in TELLING else value
