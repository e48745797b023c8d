"""Recipes: the few lines of pandas that give the main figures of an analysis again, for who wants to see how.

A recipe is a program that finds the run's tables as DataFrames under their names (`df` first) and leaves in `result`
a part of what the analysis gives, in the same shape: the same names, lists in the same order. In place of a list of
objects it may leave a dict that picks some of them by their first field. It uses nothing of ours.
"""

from collections.abc import Sequence
from pprint import pformat
from typing import Any

WIDTH = 100


def recipe(program: str, columns: Sequence[str] | None, **given: Any) -> str:
    """The program, and above it `columns`, the chosen ones (None: all), and what else it is given by name.

    Only plain values can be given: numbers, text, lists, dicts, None.
    """
    among = "" if columns is None else f" if name in {_literal(list(columns))}"
    lines = [f"columns = [name for name in df.columns{among}]" if among else "columns = list(df.columns)"]
    lines += [f"{name} = {_literal(value)}" for name, value in given.items()]
    return "\n".join(lines) + f"\n\n{program.strip()}\n"


def _literal(value: Any) -> str:
    return pformat(value, width=WIDTH, sort_dicts=False)
