"""The root of every error, and how messages are worded.

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


def field_errors(errors: Sequence[Mapping[str, Any]], root: str = "") -> list[dict[str, str]]:
    """pydantic's errors as the problem's `errors`: a JSON pointer, from `root` on, and what was wrong there."""
    return [
        {
            "pointer": root + "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in error["loc"]),
            "detail": str(error["msg"]),
        }
        for error in errors
    ]
