"""What foreign code gives back, as it is checked outside of the jail: shapes first, then limits.

Everything here may have been forged by the code, so nothing is taken on trust but that it is strict JSON.
"""

from typing import Annotated, Any, Literal, TypeVar

import pydantic
from pydantic import Field

from analyzer.errors import AnalyzerError, CodeError, MemoryLimit, ResultInvalid, ResultTooLarge
from analyzer.models.base import Frozen
from analyzer.registry import Result

MOST_ROWS = 1000
MOST_COLUMNS = 1000
MOST_CHARTS = 64
MOST_NAME = 500

M = TypeVar("M", bound=pydantic.BaseModel)

Name = Annotated[str, Field(max_length=MOST_NAME)]


class Column(Frozen):
    """A column of a table."""

    name: Name
    type: Name


class CodeTable(Frozen):
    """The first rows of a table."""

    columns: list[Column] = Field(max_length=MOST_COLUMNS)
    rows: list[list[Any]] = Field(max_length=MOST_ROWS)
    total: int = Field(ge=0, description="How many rows the table has.")

    @pydantic.model_validator(mode="after")
    def _rectangular(self) -> "CodeTable":
        if any(len(row) != len(self.columns) for row in self.rows) or self.total < len(self.rows):
            raise ValueError("rows and columns do not fit")
        return self


class CodeChart(Frozen):
    """A picture as a Vega-Lite specification with its data inside."""

    name: str = Field(pattern="^[a-z0-9-]{1,80}$")
    title: Name
    spec: dict[str, Any]


class Printed(Frozen):
    """What the code printed: all of it, or its beginning and its end."""

    text: str
    left_out_bytes: int = 0


class Saved(Frozen):
    """The dataset that was made of a table."""

    file_id: str
    filename: str


class SessionTold(Frozen):
    """The session the code ran in."""

    session_id: str
    run: int = Field(ge=1, description="Counted from 1, which finds no variables.")


class CodeResult(Result):
    """What the code gave back."""

    task_id: str = "code"
    schema_version: int = 1
    kind: Literal["value", "table", "chart", "text"]
    value: Any = Field(None, description="A number, a truth value, a list or a dict, where `kind` is `value`.")
    text: str | None = Field(None, description="Where `kind` is `text`.")
    table: CodeTable | None = Field(None, description="Where `kind` is `table`.")
    charts: list[CodeChart] = Field([], max_length=MOST_CHARTS, description="Where `kind` is `chart`: one.")
    output: Printed = Printed(text="")
    saved: Saved | None = Field(None, description="The dataset made of the table, where that was asked for.")
    session: SessionTold | None = Field(None, description="Where one was named.")

    @pydantic.model_validator(mode="after")
    def _what_it_says(self) -> "CodeResult":
        given = {"table": self.table is not None, "chart": len(self.charts) == 1, "text": self.text is not None}
        if not given.get(self.kind, True) or any(there and kind != self.kind for kind, there in given.items()):
            raise ValueError("the kind and the content do not fit")
        return self


class Emitted(Frozen):
    """What the code said while it ran: how far it is, or something finished."""

    done: int | None = Field(None, ge=0, le=10**15)
    total: int | None = Field(None, ge=0, le=10**15)
    message: str = Field("", max_length=MOST_NAME)
    name: Name = ""
    content: dict[str, Any] | None = None

    @pydantic.model_validator(mode="after")
    def _one_of_both(self) -> "Emitted":
        if (self.content is None) == (self.done is None or self.total is None):
            raise ValueError("neither progress nor content")
        return self


class CodeFailure(Frozen):
    """How the code failed, as the jailed side reports it."""

    kind: Literal["code-error", "memory-limit", "result-invalid", "result-too-large"]
    detail: str = Field(max_length=2000)
    line: int | None = Field(None, ge=0, le=10**9)
    traceback: str = Field("", max_length=20_000)
    hint: str = Field("", max_length=1000)

    def error(self, output: str) -> AnalyzerError:
        """The error this is, with the last that was printed."""
        if self.kind == "code-error":
            return CodeError(
                self.detail,
                line=self.line,
                traceback=self.traceback or None,
                hint=self.hint or None,
                output=output or None,
            )
        kinds: dict[str, type[AnalyzerError]] = {
            "memory-limit": MemoryLimit,
            "result-invalid": ResultInvalid,
            "result-too-large": ResultTooLarge,
        }
        return kinds[self.kind](self.detail, line=self.line)


TOLD_BY_US = {"output", "saved", "session", "task_id", "schema_version"}


def checked_result(value: Any, printed: Printed, session: SessionTold | None = None) -> CodeResult:
    """The result that this JSON is. Raises ResultInvalid."""
    if not isinstance(value, dict) or value.keys() & TOLD_BY_US:
        raise ResultInvalid("What the code gave back is not of the form of a result.")
    told = {"output": printed.model_dump(), "session": session and session.model_dump()}
    return _checked(CodeResult, value | told)


def checked_emitted(value: Any) -> Emitted:
    """What was said on the way. Raises ResultInvalid."""
    return _checked(Emitted, value)


def checked_failure(value: Any) -> CodeFailure:
    """The report of a failure. Raises ResultInvalid."""
    return _checked(CodeFailure, value)


def _checked(model: type[M], value: Any) -> M:
    try:
        return model.model_validate(value, strict=True)
    except pydantic.ValidationError as failure:
        first = failure.errors()[0]
        raise ResultInvalid(f"What the code gave back is not of the form of a result: {first['msg']}.") from None
