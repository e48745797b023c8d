"""The parts of a report that every format has: its columns, its types, its renamed headers."""

from collections.abc import Sequence

from analyzer.ingest.column_types import ColumnPlan
from analyzer.ingest.findings import Findings
from analyzer.ingest.headers import Header
from analyzer.models.datasets import ColumnReading


def column_readings(header: Header, plans: Sequence[ColumnPlan]) -> tuple[ColumnReading, ...]:
    """What became of every column, and why."""
    return tuple(
        ColumnReading(
            name=name,
            type=str(plan.arrow_type),
            reason=plan.reason,
            original_name=original if original not in (None, name) else None,
        )
        for name, original, plan in zip(header.names, header.originals, plans, strict=True)
    )


def warn_of_columns(findings: Findings, header: Header, plans: Sequence[ColumnPlan]) -> None:
    """Warn of names that were changed, and of types that are in doubt or would have lost something."""
    named: dict[str, list[str]] = {}
    for original, name in header.renamed:
        named.setdefault(original, []).append(name)
    for original, names in named.items():
        findings.warn(f"The header {original!r} became {', '.join(map(repr, names))}.")
    for name, plan in zip(header.names, plans, strict=True):
        for remark in (plan.warning, plan.doubt):
            if remark is not None:
                findings.warn(f"Column {name!r}: {remark}.")
