"""What is worth an issue when two tables are compared."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple

Severity = Literal["error", "warning", "info"]
MAX_ROWS = 10


class Code(NamedTuple):
    """One kind of issue: how bad it is, what it means, and the parameter that decides, if one does."""

    severity: Severity
    meaning: str
    threshold: str | None = None


CODES: dict[str, Code] = {
    "dataset_drift": Code("error", "So many columns have drifted that the table as a whole has.", "drift_share"),
    "column_removed": Code("error", "The column is in the reference and not in the dataset."),
    "type_changed": Code("warning", "The column is of another type than in the reference."),
    "column_drift": Code("warning", "The values are distributed differently."),
    "new_values": Code("warning", "Values occur that the reference does not have."),
    "out_of_range": Code("warning", "Numbers lie below the least or above the largest one of the reference."),
    "missing_more": Code("warning", "A larger share of the cells is missing than in the reference.", "missing"),
    "column_added": Code("info", "The column is in the dataset and not in the reference."),
    "columns_moved": Code("info", "Columns that both have stand in another order."),
    "lost_values": Code("info", "Values of the reference occur no more."),
}


def issue(code: str, column: str | None, **more: Any) -> dict[str, Any]:
    """An issue as it goes into the result: `n`, `share`, `value`, `threshold`, `rows` and `message` where given."""
    kind = CODES[code]
    nothing: Mapping[str, Any] = dict.fromkeys(("other", "n", "share", "value", "threshold"))
    found = {"code": code, "severity": kind.severity, "column": column, **nothing, "rows": [], "message": kind.meaning}
    return found | more


def worst_first(issues: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """In the order of CODES; of one code, as they come."""
    order = {code: place for place, code in enumerate(CODES)}
    return sorted(issues, key=lambda one: order[one["code"]])
