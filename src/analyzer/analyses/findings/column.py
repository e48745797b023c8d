"""One column: its issues, and the cells that count against it."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from analyzer.analyses.findings import any_column, dates, numbers, texts
from analyzer.analyses.findings.codes import Issue
from analyzer.analyses.findings.look import Look
from analyzer.analyses.findings.thresholds import Thresholds


def examine(
    name: str,
    column: pa.ChunkedArray,
    limits: Thresholds,
    as_of: np.datetime64,
    known: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """`{name, kind, cells, issues}`: every issue of this column, and how many of its cells are good and bad.

    `known` are its figures, where they are computed already. `unexamined` are texts beyond the levels that are looked
    at, about whose validity nothing is known.
    """
    look = Look.at(name, column, limits, as_of, known)
    return {
        "name": name,
        "kind": look.kind,
        "cells": {
            "rows": len(column),
            "missing": look.figures["missing"],
            "invalid": _invalid(look),
            "inconsistent": _inconsistent(look),
            "unexamined": look.figures["count"] - int(look.levels.counts.sum()) if look.is_text else 0,
            "moments": look.figures["count"] if _has_moments(look) else 0,
            "untimely": _untimely(look),
        },
        "issues": list(_issues(look)),
    }


def _issues(look: Look) -> Iterator[Issue]:
    yield from any_column.issues(look)
    if look.kind == "numeric":
        yield from numbers.issues(look)
    elif look.kind == "datetime":
        yield from dates.issues(look)
    elif look.kind == "boolean" and look.figures["imbalance"] > look.limits.imbalance:
        yield look.issue("imbalance", value=look.figures["imbalance"])
    elif look.is_text:
        yield from texts.issues(look)


def _has_moments(look: Look) -> bool:
    return look.kind == "datetime" and not pa.types.is_time(look.column.type)


def _invalid(look: Look) -> int:
    """Infinite numbers, what stands for a missing value, blank text, lost characters, unsupported values."""
    if look.kind == "numeric":
        return int(look.figures["infinities"]) + int(np.count_nonzero(numbers.placeholders(look)))
    if look.kind == "unsupported":
        return int(look.figures["count"])
    if not look.is_text:
        return 0
    levels = look.levels
    return levels.weight(levels.matching(texts.BLANK) | levels.matching(texts.DISGUISED) | levels.lost)


def _inconsistent(look: Look) -> int:
    """Text that differs from a more frequent one only in case, is padded, or is of the rarer type."""
    if not look.is_text:
        return 0
    levels = look.levels
    return levels.weight(levels.in_other_case | levels.matching(texts.PADDED) | texts.minority(levels))


def _untimely(look: Look) -> int:
    if not _has_moments(look):
        return 0
    moments = dates.at(look)
    return int(np.count_nonzero(dates.future(moments, look.as_of) | dates.placeholders(moments)))
