"""What stands above a report."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Heading:
    """What a report is about. `titles` are those of the analyses by task id."""

    filename: str
    rows: int
    columns: int
    size_bytes: int
    made_at: str
    titles: Mapping[str, str]
    warnings: Sequence[str] = ()
