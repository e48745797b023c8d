"""What a route takes, answers and refuses, said beside its handler. The OpenAPI document is made of this."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

import pydantic
from aiohttp import web

from analyzer import errors
from analyzer.errors import AnalyzerError

UPLOAD_ERRORS = tuple(cls for cls in errors.error_classes() if cls.__module__ == errors.UploadTooLarge.__module__)
"""What reading a file may find."""


@dataclass(frozen=True)
class Reply:
    """One way in which a route answers."""

    says: str
    body: Any = None  # a pydantic model, as JSON; None: none, or what `content` says
    content: Mapping[str, dict[str, Any]] = field(default_factory=dict)  # other media types and their schemas
    headers: tuple[str, ...] = ()  # those it always has
    leads_to: Mapping[str, dict[str, str]] = field(default_factory=dict)  # handlers, and what of this they take


NOT_MODIFIED = Reply("You have it already.", headers=("ETag",))


@dataclass(frozen=True)
class Operation:
    """One method of one path."""

    tag: str
    replies: Mapping[int, Reply]
    refuses: tuple[type[AnalyzerError], ...] = ()  # beyond what every route may refuse
    query: type[pydantic.BaseModel] | None = None
    body: type[pydantic.BaseModel] | None = None
    content: Mapping[str, dict[str, Any]] = field(default_factory=dict)  # of bodies that are no JSON
    body_required: bool = True
    heeds: tuple[str, ...] = ()  # request headers beyond those that every route of its tag heeds


OPERATIONS: dict[Callable[..., Any], Operation] = {}

H = TypeVar("H", bound=Callable[[web.Request], Awaitable[web.StreamResponse]])


def describe(operation: Operation) -> Callable[[H], H]:
    """Say what a handler does; its docstring says it in words."""

    def noted(handler: H) -> H:
        OPERATIONS[handler] = operation
        return handler

    return noted
