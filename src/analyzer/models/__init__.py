"""The values that travel: between rooms, across the process border and over the wire. All are frozen."""

from analyzer.models.datasets import ColumnReading, ColumnSchema, Dataset, ReadingOptions, ReadingReport, TableSchema
from analyzer.models.runs import Progress, Run, RunStatus, TaskDescription

__all__ = [
    "ColumnReading",
    "ColumnSchema",
    "Dataset",
    "Progress",
    "ReadingOptions",
    "ReadingReport",
    "Run",
    "RunStatus",
    "TableSchema",
    "TaskDescription",
]
