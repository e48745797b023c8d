"""The code inside a worker: how it begins, and one entry for every message."""

import ctypes
import io
import json
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from multiprocessing import parent_process
from pathlib import Path
from typing import Any

import pyarrow as pa
from pydantic_core import from_json

from analyzer.analyses import catalogue
from analyzer.charts import rendering
from analyzer.comparison import Comparison
from analyzer.drafts import GrowingFile, telling_when_full
from analyzer.entries import strict_json
from analyzer.errors import AnalyzerError, ResultTooLarge
from analyzer.executors.base import (
    ComputePart,
    ComputeWhole,
    DrawChart,
    EncodedChart,
    EncodedSection,
    ExportTable,
    MakeReport,
    MergeSections,
    ReadFile,
    Reading,
    ReadRows,
    VerifyResult,
    Whole,
    WorkFailed,
)
from analyzer.ingest import ingest
from analyzer.registry import Chart, Registry, Result, Section
from analyzer.reports import pdf, report
from analyzer.tables import export, letting_go, open_table, own_bytes, page

FULL = "eda_full"  # whose result holds those of others, by task id
PR_SET_PDEATHSIG = 1
IMPORTED_IN = os.getpid()  # of a worker that is forked, the forkserver

ARRIVING_BUFFER_BYTES = 1024 * 1024
KEPT_BYTES = 192 * 1024 * 1024  # more than it began with: so much of its own memory a worker keeps at the most
TRIM = getattr(ctypes.CDLL(None), "malloc_trim", None)  # glibc has it


_most_kept = 0  # of its own memory, in all; set when it begins


def begin(niceness: int, kept_bytes: int = KEPT_BYTES) -> None:
    """Prepare a fresh worker: end with the server, leave Ctrl-C to it, and step back behind it.

    `kept_bytes` are what it may hold after a piece of work, beside what it holds now.
    """
    global _most_kept  # noqa: PLW0603 - of this process, as its niceness is
    if sys.platform == "linux":
        # The forkserver ends with the server, and this worker with the forkserver, even a stopped one.
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if IMPORTED_IN not in (os.getpid(), os.getppid()):  # it had ended before we asked, and nobody would end us
            os._exit(1)
    else:
        threading.Thread(target=_end_with_the_server, daemon=True).start()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.nice(niceness)
    pa.set_cpu_count(1)
    pa.set_io_thread_count(1)
    _most_kept = own_bytes() + min(kept_bytes, KEPT_BYTES)


def _end_with_the_server() -> None:
    server = parent_process()
    if server is not None:
        server.join()
        os._exit(1)


def ready() -> int:
    """The pid of this worker. That it answers shows that it is warm."""
    return os.getpid()


def perform(work: Any) -> Any:
    """Do the work a message names. Raises an AnalyzerError, MemoryError or WorkFailed: all of them pickle."""
    try:
        with telling_when_full():
            return PERFORM[type(work)](work)
    except (AnalyzerError, MemoryError):
        raise
    except Exception:  # noqa: BLE001 - the border of the process: nothing else may pass
        raise WorkFailed(traceback.format_exc()) from None
    finally:
        _give_back()


def _give_back() -> None:
    """Let the system have what large work left behind, before the next one adds to it."""
    if own_bytes() > _most_kept and TRIM is not None:
        TRIM(0)


def _read_file(work: ReadFile) -> Reading:
    source, target = Path(work.source), Path(work.target)
    if not work.arriving:
        return Reading(*ingest(source, target, filename=work.filename, options=work.options))
    with io.BufferedReader(GrowingFile(source), ARRIVING_BUFFER_BYTES) as stream:
        return Reading(*ingest(stream, target, filename=work.filename, options=work.options))


def _read_rows(work: ReadRows) -> bytes:
    return strict_json(page(work.table, work.wanted))


def _export_table(work: ExportTable) -> None:
    export(open_table(work.table), Path(work.target), work.format, raw=work.raw)


def _compute_part(work: ComputePart) -> EncodedSection:
    analysis = _catalogue().find(work.task_id)
    params = analysis.params.model_validate(work.params)
    tables = {name: open_table(path) for name, path in work.tables.items()}
    part = replace(work.part, given=tuple(_decode(section) for section in work.given))
    with letting_go(*work.tables.values()):
        section = analysis.compute(tables, part, params)
    encoded = _encoded(section)
    _refuse_when_too_large(encoded.size_bytes, work.max_bytes, f"What part {part.name!r} found")
    for attachment in section.attachments:
        Path(work.attach_to).mkdir(exist_ok=True)
        Path(work.attach_to, attachment.name).write_bytes(attachment.content)
    return encoded


def _merge_sections(work: MergeSections) -> bytes:
    analysis = _catalogue().find(work.task_id)
    params = analysis.params.model_validate(work.params)
    sections = [_decode(section) for section in work.sections]
    result: Result = analysis.merge(sections, work.shapes, params)
    encoded = result.model_dump_json().encode()
    _refuse_when_too_large(len(encoded), work.max_bytes, "The result")
    return encoded


def _refuse_when_too_large(size: int, limit: int | None, what: str) -> None:
    """Here, before the server has to hold it."""
    if limit is not None and size > limit:
        raise ResultTooLarge(
            f"{what} has {size:,} bytes; {limit:,} are kept at most. Ask for fewer columns; the operator can allow "
            "more with ANALYZER_MAX_RESULT_BYTES.",
            limit=limit,
        )


def _compute_whole(work: ComputeWhole) -> Whole:
    section = _compute_part(work.part)
    return Whole(section, _merge_sections(replace(work.merge, sections=(section,))))


def _verify_result(work: VerifyResult) -> Comparison:
    # pandas takes a quarter of a second to import, and hardly any worker is asked to verify.
    from analyzer.verification import verify

    params = _catalogue().find(work.task_id).params.model_validate(work.params)
    tables = {name: open_table(path) for name, path in work.tables.items()}
    return verify(work.task_id, tables, params, json.loads(work.result))


def _draw_chart(work: DrawChart) -> bytes:
    return rendering.PICTURES[work.format](rendering.found(json.loads(work.result), work.name))


def _make_report(work: MakeReport) -> bytes:
    result = json.loads(work.result)
    page = report(work.heading, result["results"] if work.task_id == FULL else {work.task_id: result})
    return pdf(page) if work.format == "pdf" else page


def _encoded(section: Section) -> EncodedSection:
    charts = tuple(EncodedChart(chart.name, chart.title, strict_json(chart.spec)) for chart in section.charts)
    names = tuple(attachment.name for attachment in section.attachments)
    return EncodedSection(section.name, strict_json(section.data), charts, names)


def _decode(section: EncodedSection) -> Section:
    charts = tuple(Chart(chart.name, chart.title, from_json(chart.spec)) for chart in section.charts)
    return Section(section.name, from_json(section.data), charts)


@lru_cache(maxsize=1)
def _catalogue() -> Registry:
    return catalogue()


PERFORM: dict[type, Callable[[Any], Any]] = {
    ReadFile: _read_file,
    ReadRows: _read_rows,
    ExportTable: _export_table,
    ComputePart: _compute_part,
    MergeSections: _merge_sections,
    ComputeWhole: _compute_whole,
    VerifyResult: _verify_result,
    DrawChart: _draw_chart,
    MakeReport: _make_report,
}
