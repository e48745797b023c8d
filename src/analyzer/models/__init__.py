"""The values that travel: between rooms, across the process border and over the wire. All are frozen."""

from analyzer.models.base import PUBLIC, Removal, new_id, now, rfc3339, stamp
from analyzer.models.datasets import (
    ColumnReading,
    ColumnSchema,
    Dataset,
    DatasetChange,
    DatasetSummary,
    OwnedDataset,
    ReadingOptions,
    ReadingReport,
    TableSchema,
)
from analyzer.models.events import FINAL_EVENTS, Event
from analyzer.models.rows import Comparison, Condition, ExportFormat, Order, RowsWanted
from analyzer.models.runs import OwnedRun, Progress, Run, RunStatus, TaskDescription, Wish

__all__ = [
    "FINAL_EVENTS",
    "PUBLIC",
    "ColumnReading",
    "ColumnSchema",
    "Comparison",
    "Condition",
    "Dataset",
    "DatasetChange",
    "DatasetSummary",
    "Event",
    "ExportFormat",
    "Order",
    "OwnedDataset",
    "OwnedRun",
    "Progress",
    "ReadingOptions",
    "ReadingReport",
    "Removal",
    "RowsWanted",
    "Run",
    "RunStatus",
    "TableSchema",
    "TaskDescription",
    "Wish",
    "new_id",
    "now",
    "rfc3339",
    "stamp",
]
