"""What the command line shows: tables and small pictures on standard output, progress on standard error."""

from analyzer.terminal import question
from analyzer.terminal.comparisons import show_comparisons
from analyzer.terminal.plain import plain, plain_json
from analyzer.terminal.progress import progress
from analyzer.terminal.results import show_dataset, show_result, show_tasks

__all__ = [
    "plain",
    "plain_json",
    "progress",
    "question",
    "show_comparisons",
    "show_dataset",
    "show_result",
    "show_tasks",
]
