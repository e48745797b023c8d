"""The API reference as a page: the OpenAPI document for people."""

import json
from collections.abc import Iterable, Iterator
from html import escape
from typing import Any

from analyzer.web.html import inline, paragraphs

Shape = dict[str, Any]

MOST_CHOICES = 8  # of a long list of values, so that a table keeps its shape


def render(document: Shape) -> str:
    """The page's body."""
    by_tag: dict[str, list[tuple[str, str, Shape]]] = {tag["name"]: [] for tag in document["tags"]}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            by_tag[operation["tags"][0]].append((method, path, operation))
    info = document["info"]
    return f"""<div class="reference">
<nav aria-label="Contents">{"".join(_contents(by_tag))}<strong>Shapes</strong>{_names(document)}</nav>
<main>
<h1>The API of {escape(info["title"])} {escape(info["version"])}</h1>
{paragraphs(info["description"])}
<p class="soft">For programs: <a href="{_at(document, "/openapi.json")}">openapi.json</a>.</p>
{"".join(_sections(document, by_tag))}
<h2 id="shapes">Shapes</h2>
{"".join(_shape(name, shape) for name, shape in document["components"]["schemas"].items())}
</main>
</div>"""


def _at(document: Shape, path: str) -> str:
    return escape(document["servers"][0]["url"].rstrip("/") + path)


def _contents(by_tag: dict[str, list[tuple[str, str, Shape]]]) -> Iterator[str]:
    for tag, operations in by_tag.items():
        links = "".join(
            f'<li><a href="#{operation["operationId"]}"><b class="{method}">{method}</b> {escape(path)}</a></li>'
            for method, path, operation in operations
        )
        yield f"<strong>{escape(tag.capitalize())}</strong><ul>{links}</ul>"


def _names(document: Shape) -> str:
    names = document["components"]["schemas"]
    return "<ul>" + "".join(f'<li><a href="#{escape(name)}">{escape(name)}</a></li>' for name in names) + "</ul>"


def _sections(document: Shape, by_tag: dict[str, list[tuple[str, str, Shape]]]) -> Iterator[str]:
    for tag in document["tags"]:
        yield f"<h2>{escape(tag['name'].capitalize())}</h2>{paragraphs(tag['description'])}"
        for method, path, operation in by_tag[tag["name"]]:
            yield _operation(document, method, path, operation)


def _operation(document: Shape, method: str, path: str, operation: Shape) -> str:
    return f"""<section class="card" id="{operation["operationId"]}">
<h3><span class="method {method}">{method}</span><span class="path">{escape(path)}</span></h3>
<p>{inline(operation["summary"])}.</p>{paragraphs(operation.get("description", ""))}
{_parameters(document, operation.get("parameters", []))}
{_body(operation.get("requestBody"))}
{_answers(operation["responses"])}
</section>"""


def _parameters(document: Shape, parameters: list[Shape]) -> str:
    rows = []
    shared = document["components"]["parameters"]
    for given in parameters:
        parameter = shared[given["$ref"].rpartition("/")[2]] if "$ref" in given else given
        schema = parameter.get("schema") or parameter["content"]["application/json"]["schema"]
        place = parameter["in"] + (", as JSON" if "content" in parameter else "")
        says = inline(parameter.get("description", ""))
        if schema.get("default") not in (None, {}):
            says += f" <span class='soft'>Default: {escape(json.dumps(schema['default']))}.</span>"
        rows.append((f"<code>{escape(parameter['name'])}</code>", f"{place}", _type(schema), says))
    return _table("Parameters", rows)


def _body(body: Shape | None) -> str:
    if body is None:
        return ""
    rows = [(f"<code>{escape(kind)}</code>", _type(content["schema"])) for kind, content in body["content"].items()]
    return _table("Body" if body["required"] else "Body, if wanted", rows)


def _answers(responses: Shape) -> str:
    good, bad = [], []
    for status, response in responses.items():
        kinds = ", ".join(
            f"{_type(content['schema'])} <span class='soft'>{escape(kind)}</span>"
            for kind, content in response.get("content", {}).items()
        )
        if "application/problem+json" in response.get("content", {}):
            bad.append((status, "<br>".join(_code(line) for line in response["description"].splitlines())))
        else:
            good.append((status, f"{inline(response['description'])} {kinds}"))
    refused = f"<details><summary class='soft'>When it is refused</summary>{_table('', bad)}</details>"
    return _table("Answers", good) + refused


def _code(line: str) -> str:
    """`- `code`: title.` as a link to the code's page, which stands beside this one."""
    code, _, title = line.removeprefix("- `").partition("`: ")
    return f'<a href="problems/{escape(code)}"><code>{escape(code)}</code></a> {inline(title)}'


def _shape(name: str, shape: Shape) -> str:
    required = set(shape.get("required", ()))
    rows = [
        (f"<code>{escape(field)}</code>{'' if field in required else ' <span class=soft>?</span>'}", _type(of), says)
        for field, of in shape.get("properties", {}).items()
        for says in [inline(of.get("description", ""))]
    ]
    inside = _table("", rows) if rows else f"<p>{_type(shape)}</p>"
    says = paragraphs(shape.get("description", ""))
    return f'<section class="card" id="{escape(name)}"><h3>{escape(name)}</h3>{says}{inside}</section>'


def _table(title: str, rows: Iterable[tuple[str, ...]]) -> str:
    lines = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    return (f"<h4>{title}</h4>" if title else "") + f"<table>{lines}</table>" if lines else ""


def _type(schema: Shape) -> str:
    """A schema in a few words, with links to what it names."""
    if "$ref" in schema:
        name = escape(schema["$ref"].rpartition("/")[2])
        return f'<a href="#{name}">{name}</a>'
    for several in ("anyOf", "oneOf"):
        if several in schema:
            return " or ".join(_type(choice) for choice in schema[several])
    if "const" in schema:
        return f"<code>{escape(json.dumps(schema['const']))}</code>"
    if "enum" in schema:
        shown = [f"<code>{escape(json.dumps(value))}</code>" for value in schema["enum"]]
        return ", ".join(shown[:MOST_CHOICES] + ["…"] * (len(shown) > MOST_CHOICES))
    if "contentSchema" in schema:
        return f"text of {_type(schema['contentSchema'])}"
    return _plain(schema)


def _plain(schema: Shape) -> str:
    match schema.get("type"):
        case "array":
            items = schema.get("items") or {"anyOf": schema.get("prefixItems", [])}
            return f"list of {_type(items)}"
        case "object":
            values = schema.get("additionalProperties")
            return f"object of {_type(values)}" if isinstance(values, dict) else "object"
        case "string":
            return "bytes" if schema.get("format") == "binary" else "text"
        case None:
            return "anything"
        case kind:
            return escape(str(kind))
