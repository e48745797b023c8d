"""The OpenAPI 3.1 document, made of the routes, what stands beside them, and the models."""

import inspect
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import pydantic
from aiohttp import web
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from analyzer import errors
from analyzer.errors import AnalyzerError
from analyzer.fields import JSON_FIELDS
from analyzer.models.said import StreamEvent
from analyzer.web.openapi_parts import PARAMETERS, PATH_PARAMETERS, RESPONSE_HEADERS, TAGS, WHAT_IT_IS
from analyzer.web.operations import OPERATIONS, Operation, Reply
from analyzer.web.origins import SAFE_METHODS
from analyzer.web.shapes import Problem
from analyzer.web.tags import JSON

PROBLEM_JSON = "application/problem+json"
REF = "#/components/schemas/{model}"

Document = dict[str, Any]
Route = tuple[str, str, Operation, Any]  # method, path, what it does, its handler
Schemas = Mapping[tuple[Any, JsonSchemaMode], Document]  # by model


class Event(pydantic.RootModel[StreamEvent]):
    """One event of a stream."""


def document(routes: Iterable[web.AbstractRouteDef], version: str, prefix: str = "") -> Document:
    """The document for an application with these routes, which is mounted at this prefix."""
    walked = list(_walk(routes))
    schemas, components = models_json_schema(sorted(_models(walked), key=_name), ref_template=REF)
    paths: Document = {}
    for method, path, operation, handler in walked:
        paths.setdefault(path, {})[method.lower()] = _operation(method, path, operation, handler, schemas)
    return {
        "openapi": "3.1.0",
        "info": {"title": "analyzer", "version": version, "description": WHAT_IT_IS, "license": {"name": "MIT"}},
        "servers": [{"url": prefix or "/"}],
        "tags": [{"name": name, "description": says} for name, says in TAGS.items()],
        "paths": dict(sorted(paths.items())),
        "components": {
            "schemas": dict(sorted(components["$defs"].items())),
            "parameters": PARAMETERS,
            "headers": RESPONSE_HEADERS,
        },
    }


def _walk(routes: Iterable[web.AbstractRouteDef]) -> Iterator[Route]:
    for route in routes:
        assert isinstance(route, web.RouteDef)
        yield route.method, re.sub(r"{(\w+):[^}]*}", r"{\1}", route.path), OPERATIONS[route.handler], route.handler


def _models(walked: Iterable[Route]) -> set[tuple[Any, JsonSchemaMode]]:
    found: set[tuple[Any, JsonSchemaMode]] = {(Problem, "serialization"), (Event, "serialization")}
    for _, _, operation, _ in walked:
        if operation.body is not None:
            found.add((operation.body, "validation"))
        found |= {(reply.body, "serialization") for reply in operation.replies.values() if reply.body is not None}
    return found


def _name(model: tuple[Any, JsonSchemaMode]) -> tuple[str, str]:
    return model[0].__name__, model[1]


def _operation(method: str, path: str, operation: Operation, handler: Any, schemas: Schemas) -> Document:
    summary, _, more = (inspect.getdoc(handler) or "").partition("\n\n")
    made: Document = {
        "tags": [operation.tag],
        "operationId": handler.__name__,
        "summary": " ".join(summary.split()).rstrip("."),
        "description": more or None,
        "parameters": [*_in_path(path), *_in_query(operation), *_in_head(operation)],
        "requestBody": _body(operation, schemas),
        "responses": _responses(method, operation, schemas),
    }
    return {name: value for name, value in made.items() if value}


def _in_path(path: str) -> Iterator[Document]:
    for name in re.findall(r"{(\w+)}", path):
        yield {"name": name, "in": "path", "required": True, **PATH_PARAMETERS[name]}


def _in_query(operation: Operation) -> Iterator[Document]:
    if operation.query is None:
        return
    shape = operation.query.model_json_schema()
    for name, shown in shape["properties"].items():
        schema = _of_query(shown)
        made = {"name": name, "in": "query", "description": schema.pop("description", None)}
        made |= {"content": {JSON: {"schema": schema}}} if name in JSON_FIELDS else {"schema": schema}
        yield {key: value for key, value in made.items() if value is not None}


def _of_query(schema: Document) -> Document:
    """What may stand in a query: null, which cannot, is what is not given."""
    plain = {name: value for name, value in schema.items() if name not in ("title", "anyOf") and value is not None}
    choices = [choice for choice in schema.get("anyOf", ()) if choice.get("type") != "null"]
    return plain | (choices[0] if len(choices) == 1 else {"anyOf": choices} if choices else {})


def _in_head(operation: Operation) -> list[Document]:
    return [{"$ref": f"#/components/parameters/{name}"} for name in operation.heeds]


def _body(operation: Operation, schemas: Schemas) -> Document | None:
    content = {kind: {"schema": schema} for kind, schema in operation.content.items()}
    if operation.body is not None:
        content[JSON] = {"schema": schemas[operation.body, "validation"]}
    return {"required": operation.body_required, "content": content} if content else None


def _responses(method: str, operation: Operation, schemas: Schemas) -> Document:
    answers = {str(status): _reply(reply, schemas) for status, reply in operation.replies.items()}
    for status, classes in _refusals(method, operation).items():
        problem: Document = {
            "description": "\n".join(f"- `{cls.code}`: {cls.title}." for cls in classes),
            "content": {PROBLEM_JSON: {"schema": schemas[Problem, "serialization"]}},
        }
        if any(cls in (errors.Busy, errors.NotReady, errors.NotFinished) for cls in classes):
            problem["headers"] = {"Retry-After": {"$ref": "#/components/headers/Retry-After"}}
        answers[str(status)] = problem
    return dict(sorted(answers.items()))


def _refusals(method: str, operation: Operation) -> dict[int, list[type[AnalyzerError]]]:
    always: tuple[type[AnalyzerError], ...] = (errors.MalformedRequest, errors.HostNotAllowed, AnalyzerError)
    if method not in SAFE_METHODS:
        always += (errors.CrossSite,)
    by_status: dict[int, list[type[AnalyzerError]]] = {}
    for cls in sorted({*always, *operation.refuses}, key=lambda cls: cls.code):
        by_status.setdefault(cls.status, []).append(cls)
    return by_status


def _reply(reply: Reply, schemas: Schemas) -> Document:
    content = {kind: {"schema": schema} for kind, schema in reply.content.items()}
    if reply.body is not None:
        content[JSON] = {"schema": schemas[reply.body, "serialization"]}
    headers = {name: {"$ref": f"#/components/headers/{name}"} for name in reply.headers}
    links = {name: {"operationId": name, "parameters": given} for name, given in reply.leads_to.items()}
    made = {"description": reply.says, "headers": headers, "content": content, "links": links}
    return {name: value for name, value in made.items() if value}
