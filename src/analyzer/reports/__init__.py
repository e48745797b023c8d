"""The report: one HTML file with every figure of a result and its pictures, for reading, printing and passing on.

It needs no network and no script, and forbids both. Whatever came from a table is text in it.
"""

from analyzer.reports.document import report

__all__ = ["report"]
