"""Issues of analyses that each have a table of codes of their own."""

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

Severity = Literal["error", "warning", "info"]


class Code(NamedTuple):
    """One kind of issue: how bad it is, what it means, and the parameter that decides, if one does."""

    severity: Severity
    meaning: str
    threshold: str | None = None


class Codes(dict[str, Code]):
    """The kinds of issues of one analysis, by their codes, the worst first."""

    def issue(self, code: str, column: str | None, **more: Any) -> dict[str, Any]:
        """An issue as it goes into the result: `n`, `share`, `value`, `threshold`, `rows` and `message` where given."""
        kind = self[code]
        nothing: dict[str, Any] = dict.fromkeys(("other", "n", "share", "value", "threshold"))
        found = {"code": code, "severity": kind.severity, "column": column} | nothing
        return found | {"rows": [], "message": kind.meaning} | more

    def in_order(self, issues: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        """The worst first; of one code, as they come."""
        order = {code: place for place, code in enumerate(self)}
        return sorted(issues, key=lambda one: order[one["code"]])
