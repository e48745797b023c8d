"""What is said of a run that has ended."""

import logging
from typing import Any

from analyzer.errors import AnalyzerError
from analyzer.executors.base import WorkFailed
from analyzer.models import Run, new_id

log = logging.getLogger("analyzer.runs")


def summary(run: Run, result_url: str, result: bytes) -> dict[str, Any]:
    """Of one that has a result."""
    assert run.started_at is not None
    assert run.finished_at is not None
    return {
        "result_url": result_url,
        "summary": {
            "parts": run.progress.total,
            "seconds": round((run.finished_at - run.started_at).total_seconds(), 3),
            "result_bytes": len(result),
        },
    }


def problem_of(run_id: str, failure: BaseException) -> dict[str, Any]:
    """What ended the run, for its owner. What nobody foresaw goes into the log, under an id that the owner sees."""
    if isinstance(failure, AnalyzerError):
        return failure.problem()
    log_id = new_id()
    trace = str(failure) if isinstance(failure, WorkFailed) else failure
    log.error("run failed", extra={"run": run_id, "log_id": log_id, "trace": trace})
    return AnalyzerError(f"The run failed unexpectedly. The server's log tells why under {log_id}.").problem(log_id)
