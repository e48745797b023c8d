"""What the OpenAPI document says that is not said by a route or a model."""

from typing import Any

from analyzer.web.answers import MAX_SESSION_CHARACTERS
from analyzer.web.idempotency import MAX_KEY_CHARACTERS
from analyzer.web.preferences import MAX_WAIT_SECONDS

WHAT_IT_IS = """\
Upload tables, start analyses, and watch the results arrive over an event stream that survives broken connections.

Errors are problem documents (RFC 9457) whose `type` is a page that explains them. Figures that are not defined are
`null`, never NaN; integers beyond 2^53 and decimals are text."""

TAGS = {
    "datasets": "Tables: uploaded, described, read, renamed, read again, forgotten.",
    "runs": "Analyses of a dataset: started, watched, cancelled, and what came of them.",
    "tasks": "The catalogue: what there is to run, with the schemas of its parameters and its results.",
    "health": "How the server is.",
    "pages": "What people look at.",
}

ID = {"type": "string", "pattern": "^[0-9a-f]{32}$"}

PATH_PARAMETERS: dict[str, dict[str, Any]] = {
    "file_id": {"description": "The id of a dataset.", "schema": ID},
    "run_id": {"description": "The id of a run, its `task_execution_id`.", "schema": ID},
    "task_id": {
        "description": "An entry of the catalogue.",
        "schema": {"type": "string"},
        "example": "eda_data_quality",
    },
    "chart": {"description": "The name of a chart in a result.", "schema": {"type": "string"}, "example": "missing"},
    "form": {"description": "The form of a picture.", "schema": {"type": "string", "enum": ["svg", "png"]}},
    "code": {"description": "An error code.", "schema": {"type": "string"}, "example": "unknown-dataset"},
    "name": {"description": "A file's name.", "schema": {"type": "string"}, "example": "page.css"},
}


def _header(name: str, says: str, **schema: Any) -> dict[str, Any]:
    return {"name": name, "in": "header", "description": says, "schema": {"type": "string"} | schema}


PARAMETERS = {
    "Session": _header(
        "X-Session-ID",
        "Chosen by you and kept to yourself: what you upload and run with it is seen by you alone.",
        pattern=f"^[!-~]{{1,{MAX_SESSION_CHARACTERS}}}$",
    ),
    "IdempotencyKey": _header(
        "Idempotency-Key",
        "Chosen by you for one thing you want done once, however often you have to ask.",
        pattern=f"^[!-~]{{1,{MAX_KEY_CHARACTERS}}}$",
    ),
    "Prefer": _header(
        "Prefer", f"`wait=10` waits so many seconds, at most {MAX_WAIT_SECONDS}, for the end of the run."
    ),
    "IfNoneMatch": _header("If-None-Match", "The `ETag` of what you have: 304 when it is still the same."),
    "Range": _header("Range", "Which bytes of the file are wanted: `bytes=0-999`."),
    "LastEventId": _header("Last-Event-ID", "The last id you saw: the stream resumes after it."),
}


def _answered(says: str, kind: str = "string") -> dict[str, Any]:
    return {"description": says, "schema": {"type": kind}}


RESPONSE_HEADERS = {
    "ETag": _answered("Names exactly these bytes."),
    "Link": _answered('The next page, as `<…>; rel="next"`. Absent on the last one.'),
    "Location": _answered("Where it is."),
    "Preference-Applied": _answered("How long it would have been waited for."),
    "Retry-After": _answered("Seconds after which asking again makes sense.", "integer"),
}
for required in ("ETag", "Location"):
    RESPONSE_HEADERS[required]["required"] = True
