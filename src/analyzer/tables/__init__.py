"""Stored tables as workers see them: opened without copying, read a page at a time, written in other formats."""

from analyzer.tables.export import export
from analyzer.tables.opening import letting_go, open_table, own_bytes
from analyzer.tables.rows import page

__all__ = ["export", "letting_go", "open_table", "own_bytes", "page"]
