"""What the command line shows: tables and small pictures on standard output, progress on standard error."""

from analyzer.terminal.progress import progress
from analyzer.terminal.results import show_dataset, show_result, show_tasks

__all__ = ["progress", "show_dataset", "show_result", "show_tasks"]
