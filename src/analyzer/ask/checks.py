"""What is looked at before an answer is called verified."""

import ast
import asyncio
import hashlib
import json
import math
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

CHUNK_BYTES = 1 << 20
CLOSE = 1e-9
FIGURES = {
    "mean": "mean",
    "median": "q50",
    "std": "std",
    "var": "variance",
    "sum": "sum",
    "min": "min",
    "max": "max",
    "count": "count",
    "nunique": "distinct",
    "skew": "skewness",
    "kurt": "kurtosis",
    "kurtosis": "kurtosis",
}
"""Which figure of the summary a method of a column gives, called without arguments."""

WRAPPERS = ("float", "int", "round")
NUMBER = re.compile(r"(?<![\w.])-?\d+(?:,\d{3})*(?:\.\d+)?(?:e[+-]?\d+)?", re.IGNORECASE)


async def digest(paths: Iterable[str]) -> str:
    """A hash of the files' bytes."""
    return await asyncio.to_thread(_digest, tuple(paths))


def _digest(paths: tuple[str, ...]) -> str:
    found = hashlib.sha256()
    for path in paths:
        with Path(path).open("rb") as file:
            while chunk := file.read(CHUNK_BYTES):
                found.update(chunk)
    return found.hexdigest()


def digest_of(result: Mapping[str, Any]) -> str:
    """A hash of what code gave back, without what it printed."""
    kept = {name: value for name, value in result.items() if name not in ("output", "saved")}
    return hashlib.sha256(json.dumps(kept, sort_keys=True).encode()).hexdigest()


def figures_meant(code: str, summaries: Mapping[str, Mapping[str, Any]], rows: Mapping[str, int]) -> dict[str, Any]:
    """The catalogue's figures for what the code gives back, where it plainly gives one of a whole column.

    The key is empty for the result itself, else the key in a resulting dict.
    """
    try:
        tree = ast.parse(code)
    except SyntaxError:
        return {}
    if _touches(tree, set(summaries)):
        return {}
    given = _given(tree)
    pairs: list[tuple[str, ast.expr]] = []
    if isinstance(given, ast.Dict):
        items = zip(given.keys, given.values, strict=True)
        pairs = [(str(key.value), value) for key, value in items if isinstance(key, ast.Constant)]
    elif given is not None:
        pairs = [("", given)]
    found = {key: _figure(value, summaries, rows) for key, value in pairs}
    return {key: figure for key, figure in found.items() if figure is not None}


def _touches(tree: ast.Module, tables: set[str]) -> bool:
    """Whether the code changes a table or binds its name anew: then a column is no longer the dataset's."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) and node.id in tables | {"tables"}:
            return True
        if isinstance(node, ast.Subscript | ast.Attribute) and isinstance(node.ctx, ast.Store | ast.Del):
            return True
        if isinstance(node, ast.keyword) and node.arg == "inplace":
            return True
    return False


def _given(tree: ast.Module) -> ast.expr | None:
    given: ast.expr | None = None
    for node in tree.body:
        if isinstance(node, ast.Assign) and any(isinstance(at, ast.Name) and at.id == "result" for at in node.targets):
            given = node.value
    if given is None and tree.body and isinstance(last := tree.body[-1], ast.Expr):
        given = last.value
    return given


def _figure(node: ast.expr | None, summaries: Mapping[str, Mapping[str, Any]], rows: Mapping[str, int]) -> Any:
    match node:
        case ast.Call(func=ast.Name(id="len"), args=[table]):
            return rows.get(_table(table) or "")
        case ast.Subscript(value=ast.Attribute(value=table, attr="shape"), slice=ast.Constant(value=0)):
            return rows.get(_table(table) or "")
        case ast.Call(func=ast.Name(id=name), args=[inner, *_]) if name in WRAPPERS:
            return _figure(inner, summaries, rows)
        case ast.Call(func=ast.Attribute(value=column, attr=name), args=[], keywords=[]) if name in FIGURES:
            return _column_figure(column, FIGURES[name], summaries)
    return None


def _column_figure(node: ast.expr, figure: str, summaries: Mapping[str, Mapping[str, Any]]) -> Any:
    match node:
        case ast.Subscript(value=of, slice=ast.Constant(value=str(name))) | ast.Attribute(value=of, attr=name):
            columns = summaries.get(_table(of) or "", {}).get("columns", ())
            return next((column.get(figure) for column in columns if column["name"] == name), None)
    return None


def _table(node: ast.expr) -> str | None:
    match node:
        case ast.Name(id=name):
            return name
        case ast.Subscript(value=ast.Name(id="tables"), slice=ast.Constant(value=str(name))):
            return name
    return None


def agrees(value: Any, figure: Any) -> bool:
    """Whether a number is the figure, or the figure rounded to as many decimals as it shows itself."""
    if isinstance(value, str) or isinstance(figure, str):
        return str(value) == str(figure)
    if not isinstance(value, int | float) or not isinstance(figure, int | float):
        return False
    decimals = len(repr(float(value)).partition(".")[2]) if abs(value) < 1e15 else 0
    return math.isclose(value, figure, rel_tol=CLOSE) or math.isclose(value, round(figure, decimals), rel_tol=CLOSE)


def strangers(text: str, told: str) -> list[str]:
    """The numbers of a text that are not in what it explains, not even rounded. Small whole ones are words."""
    known = [float(found.replace(",", "")) for found in NUMBER.findall(told)]
    return [found for found in NUMBER.findall(text) if not _is_known(found.replace(",", ""), known)]


def _is_known(written: str, known: list[float]) -> bool:
    number, decimals = float(written), len(written.partition(".")[2])
    if not decimals and 0 <= number <= 10:
        return True
    half = 0.5 * 10.0**-decimals * (1 + CLOSE)
    return any(abs(number - one) <= half or abs(number - 100 * one) <= half for one in known)


def columns_used(code: str, names: Mapping[str, Iterable[str]]) -> dict[str, list[str]]:
    """The columns that the code speaks of, by table. A table that it does not speak of is left out."""
    try:
        nodes = list(ast.walk(ast.parse(code)))
    except SyntaxError:
        return {}
    said = {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    said |= {node.attr for node in nodes if isinstance(node, ast.Attribute)}
    named = {node.id for node in nodes if isinstance(node, ast.Name)} | said
    return {table: [name for name in columns if name in said] for table, columns in names.items() if table in named}
