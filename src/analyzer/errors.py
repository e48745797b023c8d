"""Every error a user can meet: one root, one class per code.

A class states its `code` (stable, part of the API), the HTTP `status` it answers with, and a `title`; its docstring
is the page shown at `/problems/<code>`. An instance adds `detail`, one sentence that names the offending value and,
where there is one, the way out. Errors cross the border between worker and server, so they pickle.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import Any, ClassVar

MOST_SHOWN = 80


class AnalyzerError(Exception):
    """Something went wrong that has no name of its own. The server's log has the details under the id in `instance`."""

    code: ClassVar[str] = "internal-error"
    status: ClassVar[int] = 500
    title: ClassVar[str] = "Something went wrong on our side"

    def __init__(self, detail: str, **more: Any) -> None:
        """`more` are further members of the problem: `errors`, `limit`, `where`, `retry_after`. None is left out."""
        super().__init__(detail)
        self.detail = detail
        self.more = {name: value for name, value in more.items() if value is not None}

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (type(self), self.detail, self.more)

    @property
    def retry_after(self) -> float | None:
        """Seconds after which asking again makes sense, if that is known."""
        return self.more.get("retry_after")

    def problem(self, instance: str | None = None) -> dict[str, Any]:
        """The RFC 9457 document for this error; `instance` is the id of the request it answers."""
        document: dict[str, Any] = {
            "type": f"/problems/{self.code}",
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
        }
        if instance is not None:
            document["instance"] = instance
        return document | self.more


def _rebuild(cls: type[AnalyzerError], detail: str, more: Mapping[str, Any]) -> AnalyzerError:
    return cls(detail, **more)


def error_classes() -> Iterator[type[AnalyzerError]]:
    """Every class of this hierarchy, the root first, so that documentation and tests miss none."""
    waiting: list[type[AnalyzerError]] = [AnalyzerError]
    while waiting:
        cls = waiting.pop(0)
        yield cls
        waiting.extend(cls.__subclasses__())


def from_problem(problem: Mapping[str, Any]) -> AnalyzerError:
    """The error that a problem document tells of, as a client received it."""
    code = str(problem.get("type", "")).rpartition("/")[2]
    known = {cls.code: cls for cls in error_classes()}
    more = {name: value for name, value in problem.items() if name not in ("type", "title", "status", "detail")}
    return known.get(code, AnalyzerError)(str(problem.get("detail", "")), **more)


def shown(text: str) -> str:
    """A text from outside as a message repeats it: quoted, and not longer than a message can bear."""
    return repr(text if len(text) <= MOST_SHOWN else f"{text[:MOST_SHOWN]}…")


def nearest(name: str, known: Iterable[str], most: int = 3) -> str:
    """The known names closest to a mistyped one, ready for a message: `Did you mean a, b?`, or an empty string."""
    by_folded = {candidate.casefold(): candidate for candidate in known}
    close = get_close_matches(name.casefold(), by_folded, n=most, cutoff=0.5)
    return f"Did you mean {', '.join(by_folded[match] for match in close)}?" if close else ""


# --- requests ---------------------------------------------------------------------------------------------------------


class NotFound(AnalyzerError):
    """No such path. The paths this server answers are listed in the API reference."""

    code, status, title = "not-found", 404, "There is nothing at this address"


class MethodNotAllowed(AnalyzerError):
    """The path exists, but not with this method. The `Allow` header lists the ones it has."""

    code, status, title = "method-not-allowed", 405, "This address does not take that method"


class MalformedRequest(AnalyzerError):
    """The request could not be understood: its body is not valid JSON, or not of the documented shape."""

    code, status, title = "malformed-request", 400, "The request could not be read"


class MalformedMultipart(MalformedRequest):
    """The multipart body is broken, nested, has too many parts, or has no part named `file`."""

    code, title = "malformed-multipart", "The form could not be read"


class RequestTooLarge(AnalyzerError):
    """The body of a request that is no upload is larger than such requests need to be."""

    code, status, title = "request-too-large", 413, "The request is too large"


class InvalidParameters(AnalyzerError):
    """A field is missing, unknown or out of range. `errors` lists each with a JSON pointer and what was wrong."""

    code, status, title = "invalid-parameters", 422, "A parameter is not valid"


class HostNotAllowed(AnalyzerError):
    """The `Host` header names a host this server does not answer for. Set `ANALYZER_ALLOWED_HOSTS` to add one."""

    code, status, title = "host-not-allowed", 421, "This server does not answer for that host"


class CrossSite(AnalyzerError):
    """A page of another site tried to change something here. Browsers' cross-site requests may only read."""

    code, status, title = "cross-site", 403, "Cross-site requests may not change anything"


# --- uploads ----------------------------------------------------------------------------------------------------------


class UploadTooLarge(AnalyzerError):
    """The file is larger than this server takes (`ANALYZER_MAX_UPLOAD_BYTES`)."""

    code, status, title = "upload-too-large", 413, "The file is too large"


class UploadTooSlow(AnalyzerError):
    """Less than 8 KiB arrived within 30 seconds, so the upload was given up and nothing of it was kept."""

    code, status, title = "upload-too-slow", 408, "The upload came to a halt"


class EmptyDataset(AnalyzerError):
    """The file has no bytes, or only blank lines: there is no table in it."""

    code, status, title = "empty-dataset", 422, "The file is empty"


class UnsupportedFormat(AnalyzerError):
    """The content is not a table in a format this server reads. The name of a file decides nothing, its bytes do."""

    code, status, title = "unsupported-format", 415, "This format is not supported"


class ParseError(AnalyzerError):
    """The file was recognised but could not be read to its end. `where` says at which line."""

    code, status, title = "parse-error", 422, "The file could not be read"


class TooWide(AnalyzerError):
    """The table has more columns than this server takes."""

    code, status, title = "too-wide", 422, "The table has too many columns"


class LineTooLong(AnalyzerError):
    """One line of the file is longer than any sensible row."""

    code, status, title = "line-too-long", 422, "A line is too long"


class InvalidJson(AnalyzerError):
    """The file is JSON by its name or its first character, but not valid by RFC 8259. `where` gives the byte offset."""

    code, status, title = "invalid-json", 422, "The JSON is not valid"


class NotATable(AnalyzerError):
    """The JSON is valid but holds no table: a list of objects, a list of lists, or an object of equally long lists."""

    code, status, title = "not-a-table", 422, "There is no table in this document"


class DecompressionLimit(AnalyzerError):
    """The file is small, but what it decompresses to is out of all proportion."""

    code, status, title = "decompression-limit", 422, "The file decompresses to too much"


class EncryptedDocument(AnalyzerError):
    """The file is protected by a password. Remove the password and upload it again."""

    code, status, title = "encrypted-document", 422, "The file is encrypted"


class UnsafeDocument(AnalyzerError):
    """The file contains something that no table needs and that harms who reads it, such as XML entities."""

    code, status, title = "unsafe-document", 422, "The file is not safe to read"


class ParserCrashed(AnalyzerError):
    """Reading this file killed the worker that read it. Nobody else was affected, and nothing of the file was kept."""

    code, status, title = "parser-crashed", 422, "Reading the file failed badly"


class StorageFull(AnalyzerError):
    """The disk is full. What was stored before is untouched, and nothing of this request was kept."""

    code, status, title = "storage-full", 507, "There is no room left to store this"


# --- things that are asked for ----------------------------------------------------------------------------------------


class UnknownDataset(AnalyzerError):
    """There is no dataset with this id, or it belongs to somebody else."""

    code, status, title = "unknown-dataset", 404, "There is no such dataset"


class UnknownTask(AnalyzerError):
    """The catalogue has no analysis of this name. `GET /api/tasks` lists what it has."""

    code, status, title = "unknown-task", 404, "There is no such analysis"


class UnknownRun(AnalyzerError):
    """There is no run with this id, or it belongs to somebody else."""

    code, status, title = "unknown-run", 404, "There is no such run"


class Expired(AnalyzerError):
    """It was here, and its time was up: datasets and results are kept for `ANALYZER_TTL_SECONDS`."""

    code, status, title = "expired", 410, "This has expired"


class NotFinished(AnalyzerError):
    """The run has no result yet. Its event stream tells when it has."""

    code, status, title = "not-finished", 409, "The run has not finished"


class NoResult(AnalyzerError):
    """The run ended without a result: it failed, was cancelled or was interrupted. Its state says which."""

    code, status, title = "no-result", 409, "The run has no result"


# --- the server's limits ----------------------------------------------------------------------------------------------


class Busy(AnalyzerError):
    """All places are taken and the queue is full. `Retry-After` says when there will probably be room."""

    code, status, title = "busy", 429, "Too much is waiting already"


class ShuttingDown(AnalyzerError):
    """The server is being stopped and takes no new work."""

    code, status, title = "shutting-down", 503, "The server is shutting down"


class NotReady(AnalyzerError):
    """The server is starting and its workers are not warm yet."""

    code, status, title = "not-ready", 503, "The server is starting"


class DataFolderInUse(AnalyzerError):
    """Another server works in the same data folder. Give each its own with `ANALYZER_DATA_DIR`."""

    code, status, title = "data-folder-in-use", 503, "The data folder is in use"


# --- the client's side ------------------------------------------------------------------------------------------------


class StreamLost(AnalyzerError):
    """The connection to an event stream broke again and again. The run itself may be well; ask for its state."""

    code, status, title = "stream-lost", 502, "The event stream could not be kept up"


# --- how a run can fail -----------------------------------------------------------------------------------------------


class RunTimeout(AnalyzerError):
    """The run, or reading a file, took longer than it may (`ANALYZER_TASK_TIMEOUT_SECONDS`) and was stopped."""

    code, status, title = "timeout", 504, "It took too long"


class MemoryLimit(AnalyzerError):
    """The work needed more memory than it may use (`ANALYZER_TASK_MEMORY_BYTES`) and was stopped."""

    code, status, title = "memory-limit", 507, "The work needed too much memory"


class ResultTooLarge(AnalyzerError):
    """The result is larger than this server keeps. Fewer columns make a smaller one."""

    code, status, title = "result-too-large", 507, "The result is too large"


class Crashed(AnalyzerError):
    """The worker died under this run, again and again, and nobody asked it to."""

    code, status, title = "crashed", 500, "The worker died"


class Interrupted(AnalyzerError):
    """The server stopped while this was under way. Start it again."""

    code, status, title = "interrupted", 503, "The server stopped during the run"


def field_errors(errors: Sequence[Mapping[str, Any]], root: str = "") -> list[dict[str, str]]:
    """pydantic's errors as the problem's `errors`: a JSON pointer, from `root` on, and what was wrong there."""
    return [
        {
            "pointer": root + "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in error["loc"]),
            "detail": str(error["msg"]),
        }
        for error in errors
    ]
