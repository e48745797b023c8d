"""The OpenAPI document is what the server does: routes, shapes, events; and the page made of it."""

import asyncio
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from pydantic import TypeAdapter

from analyzer import Settings, create_app
from analyzer.broadcast import EventLog
from analyzer.models import Dataset, TaskDescription
from analyzer.models.said import StreamEvent
from analyzer.web.shapes import Catalogue, Datasets, EndedRun, Health, Index, Problem, Rows, RunAnswer, Runs
from tests.api import Api
from tests.conftest import serving
from tests.serverprocess import server
from tests.waiting import Gate

GOLDEN = Path(__file__).parents[2] / "docs/openapi.json"
SECONDS = os.environ.get("ANALYZER_TEST_SCHEMATHESIS_SECONDS", "15")
TABLE = b"a,b\n1,x\n2,y\n3,\n"

EVENT: TypeAdapter[Any] = TypeAdapter(StreamEvent)


async def test_the_document_is_the_one_in_the_docs(api: Api) -> None:
    served = (await api.get("/openapi.json")).json
    assert served == json.loads(GOLDEN.read_text()), "the API has changed: look at what `make openapi` changes"


async def test_every_route_is_in_the_document_and_nothing_else(tmp_path: Path, api: Api) -> None:
    routes = create_app(Settings(data_dir=tmp_path)).router.routes()
    served = {(route.resource.canonical, route.method.lower()) for route in routes if route.resource is not None}
    paths = (await api.get("/openapi.json")).json["paths"]
    documented = {(path, method) for path, methods in paths.items() for method in methods}
    assert {route for route in served if route[1] != "head"} == documented
    for methods in paths.values():
        for operation in methods.values():
            assert operation["summary"]
            assert {"400", "421", "500"} <= set(operation["responses"])


def _references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for value in node.values():
            yield from _references(value)
    if isinstance(node, list):
        for value in node:
            yield from _references(value)


async def test_every_reference_in_it_leads_somewhere(api: Api) -> None:
    document = (await api.get("/openapi.json")).json
    found = set(_references(document))
    assert len(found) > 20
    for reference in found:
        place = document
        for step in reference.removeprefix("#/").split("/"):
            place = place[step]


async def test_answers_have_the_shapes_that_are_documented(api: Api) -> None:
    api.headers["X-Session-ID"] = "shapes"
    dataset = await api.dataset(TABLE)
    body = {"file_id": dataset, "task_id": "test_parts"}
    ended = await api.ask("POST", "/api/run", json=body, headers={"Prefer": "wait=20"})
    assert EndedRun.model_validate_json(ended.body).result
    for path, model in (
        ("/", Index),
        ("/health", Health),
        (f"/api/datasets/{dataset}", Dataset),
        (f"/api/datasets/{dataset}/rows", Rows),
        ("/api/datasets", Datasets),
        ("/api/runs", Runs),
        (ended.headers["Location"], RunAnswer),
        ("/api/tasks", Catalogue),
        ("/api/tasks/eda_data_quality", TaskDescription),
        ("/nowhere", Problem),
        ("/api/runs?limit=0", Problem),
    ):
        model.model_validate_json((await api.get(path)).body)


async def test_events_have_the_shapes_that_are_documented(api: Api, tmp_path: Path, penguins: Path) -> None:
    gate = Gate(tmp_path / "gate")
    dataset = await api.dataset(penguins)
    waiting = await api.start(dataset, "test_gate", gate=str(gate.folder))
    await gate.reached()
    await api.ask("DELETE", f"/api/run/{waiting}")
    runs = [
        waiting,
        await api.start(dataset, "eda_statistical_summary"),
        await api.start(dataset, "test_trouble", kind="raise"),
    ]
    seen = [event for run in runs for event in await api.watch(run)]
    seen += await api.watch(runs[1], last_event_id="lost:1")
    kinds = {EVENT.validate_json(event.data).type for event in seen}
    assert {"run.queued", "run.started", "run.progress", "result.section", "chart", "run.snapshot"} <= kinds
    assert {"run.completed", "run.failed", "run.cancelled"} <= kinds


def test_a_snapshot_of_nothing_has_its_shape_too() -> None:
    snapshot, _ = EventLog("0" * 32, "epoch").snapshot()
    EVENT.validate_json(snapshot.json)


# --- the page ---------------------------------------------------------------------------------------------------------


class _Links(HTMLParser):
    """What a page refers to, and what it can be referred to by."""

    def __init__(self) -> None:
        super().__init__()
        self.targets: set[str] = set()
        self.names: set[str] = set()
        self.scripts = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self.scripts += tag == "script" or any(name.startswith("on") or name == "style" for name in values)
        self.targets |= {value for name, value in attrs if name in ("href", "src") and value}
        self.names.add(values.get("id") or "")


@pytest.mark.parametrize("prefix", ["", "/analysis"])
async def test_the_page_needs_nothing_from_elsewhere_and_its_links_lead_somewhere(tmp_path: Path, prefix: str) -> None:
    app = create_app(Settings(data_dir=tmp_path, workers=1))
    if prefix:
        host = web.Application()
        host.add_subapp(prefix, app)
        app = host
    async with serving(app) as url, aiohttp.ClientSession(url) as http:
        api = Api(http)
        page = await api.get(f"{prefix}/docs")
        assert "script-src" not in page.headers["Content-Security-Policy"]
        assert page.headers["Content-Security-Policy"].startswith("default-src 'none'")
        links = _Links()
        links.feed(page.body.decode())
        document = (await api.get(f"{prefix}/openapi.json")).json
        assert document["servers"] == [{"url": prefix or "/"}]
        assert links.scripts == 0
        inside = {target for target in links.targets if target.startswith("#")}
        assert {target[1:] for target in inside} <= links.names
        operations = {of["operationId"] for methods in document["paths"].values() for of in methods.values()}
        assert operations | set(document["components"]["schemas"]) <= links.names
        for target in links.targets - inside:
            assert not re.match(r"\w+:|//", target), target
            place = target if target.startswith("/") else f"{prefix}/{target}"
            assert (await api.get(place)).status == 200, target


# --- a stranger with the document in hand -----------------------------------------------------------------------------


async def test_a_fuzzer_that_has_read_the_document_finds_nothing_that_breaks_it(tmp_path: Path) -> None:
    """Schemathesis sends what the document allows and what it does not, and compares the answers with it."""
    async with server(tmp_path / "data", workers=2) as process:
        fuzzing = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "schemathesis.cli", "run", f"{process.url}/openapi.json"),
            *("--max-time", SECONDS, "--max-examples", "10", "--seed", "1", "--request-timeout", "20"),
            # A file may be a fine string of bytes and still no table: only the server can tell.
            *("--exclude-checks", "positive_data_acceptance"),
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        told = (await fuzzing.communicate())[0].decode()
        assert fuzzing.returncode == 0, told[told.find("FAILURES") :]
        assert (
            int(re.findall(r"(\d+) generated", told)[-1]) > 20
        )  # however slow the machine, it has done more than begin
        assert "request failed" not in process.log
