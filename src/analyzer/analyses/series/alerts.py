"""What is worth an issue in values over time."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple

Severity = Literal["error", "warning", "info"]


class Code(NamedTuple):
    """One kind of issue: how bad it is, and what it means."""

    severity: Severity
    meaning: str


CODES: dict[str, Code] = {
    "no_time": Code("info", "No column of dates or moments puts the rows in order."),
    "unordered": Code("warning", "The rows do not stand in the order of time."),
    "missing_times": Code("warning", "Rows have no moment, and are in no series."),
    "duplicate_times": Code("warning", "Rows share a moment; the series have their means."),
    "gaps": Code("warning", "Moments are missing between the first and the last one."),
    "irregular": Code("warning", "The steps between moments are of many sizes."),
    "non_stationary": Code("warning", "The level wanders: Dickey and Fuller's test does not say otherwise."),
    "trend": Code("info", "The values rise or fall with time."),
    "seasonal": Code("info", "The values repeat with a period."),
    "autocorrelated": Code("info", "Values go together with those before them."),
}


def issue(code: str, column: str | None, **more: Any) -> dict[str, Any]:
    """An issue as it goes into the result: `n`, `share`, `value`, `threshold` and `message` where given."""
    kind = CODES[code]
    nothing: Mapping[str, Any] = dict.fromkeys(("other", "n", "share", "value", "threshold"))
    found = {"code": code, "severity": kind.severity, "column": column, **nothing, "rows": [], "message": kind.meaning}
    return found | more


def in_order(issues: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """In the order of CODES; of one code, as they come."""
    order = {code: place for place, code in enumerate(CODES)}
    return sorted(issues, key=lambda one: order[one["code"]])
