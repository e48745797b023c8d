"""Which rows of a table are wanted, and in which form a table may leave."""

from enum import StrEnum
from typing import Literal

from pydantic import Field

from analyzer.models.base import Frozen

Comparison = Literal["eq", "ne", "lt", "le", "gt", "ge", "contains", "starts", "missing", "present"]


class ExportFormat(StrEnum):
    """What a stored table can be written as."""

    CSV = "csv"
    PARQUET = "parquet"


class Condition(Frozen):
    """What the cells of a column must be like. `missing` and `present` compare with nothing."""

    column: str
    comparison: Comparison
    value: str = ""


class Order(Frozen):
    """A column to sort by. Missing values come last either way."""

    column: str
    descending: bool = False


class RowsWanted(Frozen):
    """A page of rows. Rows that are equal in all sorted columns keep the order of the file."""

    offset: int = Field(0, ge=0)
    limit: int = Field(100, ge=1, le=10_000)
    columns: tuple[str, ...] | None = None
    sort: tuple[Order, ...] = Field((), max_length=16)
    filter: tuple[Condition, ...] = Field((), max_length=64)
