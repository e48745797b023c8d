"""Issues that a column of any kind can have."""

from collections.abc import Iterator

import numpy as np
import pyarrow.compute as pc
from scipy.special import chdtrc

from analyzer.analyses.findings import dates
from analyzer.analyses.findings.codes import Issue
from analyzer.analyses.findings.look import Look, as_mask


def issues(look: Look) -> Iterator[Issue]:
    """Missing, constant, unique, unsupported, uniform."""
    figures, limits, rows = look.figures, look.limits, len(look.column)
    if rows and figures["missing"] / rows > limits.missing:
        gone = as_mask(pc.is_null(look.column, nan_is_null=True))
        yield look.issue("missing", n=figures["missing"], share=figures["missing"] / rows, rows=gone)
    if look.kind == "unsupported":
        yield look.issue("unsupported", n=figures["count"])
        yield look.issue("rejected")
    if not figures["count"]:
        if rows:
            yield look.issue("all_missing", n=rows, share=1.0)
            yield look.issue("rejected")
        return
    if "distinct" in figures:
        yield from _repetition(look, rows)
    if _evenness(look) > limits.uniform:
        yield look.issue("uniform", value=_evenness(look))


def _repetition(look: Look, rows: int) -> Iterator[Issue]:
    distinct, count = look.figures["distinct"], look.figures["count"]
    if distinct == 1:
        yield look.issue("constant", n=count, share=1.0)
    elif _largest(look) / count >= look.limits.quasi_constant:
        yield look.counted_issue("quasi_constant", _largest(look))
    if distinct == rows and rows > 1:
        yield look.issue("unique", n=count, share=1.0)


def _largest(look: Look) -> int:
    """How often the most frequent value occurs; 0 where no single value can hold the greater part."""
    figures = look.figures
    if look.kind == "boolean":
        return int(max(figures["true"], figures["false"]))
    if "top" in figures:
        return int(figures["top"][0]["count"])
    if look.kind == "numeric" and 2 * figures["infinities"] > figures["count"]:
        return max(int(np.count_nonzero(look.numbers == end)) for end in (np.inf, -np.inf))
    if look.kind == "datetime" and figures["q25"] == figures["q75"]:
        return dates.occurrences(look.column, figures["q50"])
    if look.kind == "numeric" and figures["iqr"] == 0:
        return int(np.count_nonzero(look.numbers == figures["q50"]))
    return 0


def _evenness(look: Look) -> float:
    """p of Pearson's χ² that bins or categories are equally frequent (Pearson 1900); 0 where that says nothing."""
    if look.kind in ("numeric", "datetime") and look.figures["histogram"] is not None:
        counts = np.array(look.figures["histogram"]["counts"])
    elif look.is_text:
        counts = look.levels.counts
    else:
        return 0.0
    if counts.size < 2 or counts.sum() < 5 * counts.size:  # Cochran's rule: five expected in each cell
        return 0.0
    expected = counts.sum() / counts.size
    return float(chdtrc(counts.size - 1, ((counts - expected) ** 2).sum() / expected))
