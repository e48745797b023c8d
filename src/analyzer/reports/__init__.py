"""The report: one HTML file with every figure of a result and its pictures, for reading and passing on; or a PDF of it.

It needs no network and no script, and forbids both. Whatever came from a table is text in it.
"""

from analyzer.reports.document import report
from analyzer.reports.paper import pdf

__all__ = ["pdf", "report"]
