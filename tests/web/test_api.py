"""The API over a real socket: what is promised of each route, and what is refused."""

import asyncio
import csv
import io
import json
import logging
from pathlib import Path

import aiohttp
import pandas as pd
import pytest

from analyzer.executors.base import Lane
from analyzer.logs import TextLines
from analyzer.service import Analyzer
from tests.api import Api
from tests.waiting import Gate, until

TABLE = b"a,b\n1,x\n2,y\n3,\n"
ABSENT = "0" * 32


async def test_the_main_job(api: Api, penguins: Path) -> None:
    uploaded = (await api.upload(penguins, "penguins.csv")).json
    assert {name: uploaded[name] for name in ("filename", "rows", "columns", "size_bytes")} == {
        "filename": "penguins.csv",
        "rows": 344,
        "columns": 8,
        "size_bytes": penguins.stat().st_size,
    }
    started = await api.ask(
        "POST", "/api/run", json={"file_id": uploaded["file_id"], "task_id": "eda_statistical_summary"}
    )
    run = started.json
    assert started.status == 202
    assert started.headers["Location"] == run["links"]["self"] == f"/api/run/{run['task_execution_id']}"
    events = await api.watch(run["task_execution_id"])
    kinds = [event.type for event in events]
    assert kinds[:2] == ["run.queued", "run.started"]
    assert kinds[-1] == "run.completed"
    assert kinds.count("result.section") == 8
    final = json.loads(events[-1].data)
    result = (await api.get(final["result_url"])).json
    frame = pd.read_csv(penguins)
    by_name = {column["name"]: column for column in result["columns"]}
    assert by_name["body_mass_g"]["mean"] == pytest.approx(frame["body_mass_g"].mean(), rel=1e-9)
    state = (await api.get(started.headers["Location"])).json
    assert state["status"] == "completed"
    assert state["progress"] == {"done": 8, "total": 8}


async def test_every_watcher_sees_the_same(api: Api, tmp_path: Path) -> None:
    gate = Gate(tmp_path / "gate")
    run = await api.start(await api.dataset(TABLE), "test_gate", gate=str(gate.folder), parts=3)
    before = [asyncio.create_task(api.watch(run)) for _ in range(3)]
    await gate.reached()
    during = [asyncio.create_task(api.watch(run)) for _ in range(3)]
    gate.open()
    seen = [await watcher for watcher in before + during] + [await api.watch(run)]
    assert [event.id.split(":")[1] for event in seen[0]] == [str(n) for n in range(1, len(seen[0]) + 1)]
    assert seen[0][-1].type == "run.completed"
    assert all(events == seen[0] for events in seen)


async def test_a_stream_resumes_where_it_was_left(api: Api) -> None:
    run = await api.start(await api.dataset(TABLE), "test_parts", parts=4)
    events = await api.watch(run)
    assert await api.watch(run, last_event_id=events[3].id) == events[4:]
    by_query = await api.get(f"/api/run/{run}/events?last_event_id={events[-2].id}")
    assert f"id: {events[-1].id}".encode() in by_query.body
    assert (await api.get(f"/api/run/{run}/events", headers={"Last-Event-ID": events[-1].id})).status == 204
    snapshot, final = await api.watch(run, last_event_id="another:1")
    assert snapshot.type == "run.snapshot"
    assert {section["section"] for section in json.loads(snapshot.data)["sections"]} == {f"part {n}" for n in range(4)}
    assert final == events[-1]


async def test_a_stream_is_what_proxies_and_browsers_need(api: Api) -> None:
    run = await api.start(await api.dataset(TABLE), "test_parts")
    answer = await api.get(f"/api/run/{run}/events")
    assert answer.headers["Content-Type"] == "text/event-stream"
    assert answer.headers["Cache-Control"] == "no-cache, no-transform"
    assert answer.headers["X-Accel-Buffering"] == "no"
    assert answer.body.startswith(b"retry: 3000\nid: ")
    lines = await api.get(f"/api/run/{run}/events", headers={"Accept": "application/x-ndjson"})
    events = [json.loads(line) for line in lines.body.splitlines()]
    assert [event["sequence_number"] for event in events] == list(range(1, len(events) + 1))
    assert events[-1]["type"] == "run.completed"


async def test_cancelling_ends_a_run_and_nothing_else(api: Api, tmp_path: Path, analyzer: Analyzer) -> None:
    dataset = await api.dataset(TABLE)
    gate = Gate(tmp_path / "gate")
    run = await api.start(dataset, "test_gate", gate=str(gate.folder))
    await gate.reached()
    assert (await api.get(f"/api/run/{run}/result")).problem(409, "not-finished")
    for _ in range(2):
        assert (await api.ask("DELETE", f"/api/run/{run}")).status in (200, 202)
    assert (await api.watch(run))[-1].type == "run.cancelled"
    again = await api.ask("DELETE", f"/api/run/{run}")
    assert (again.status, again.json["status"]) == (200, "cancelled")
    assert (await api.get(f"/api/run/{run}/result")).problem(409, "no-result")
    assert await api.result(await api.start(dataset, "test_parts"))
    await until(lambda: analyzer._executor._lanes[Lane.WORK].idle == 2)


async def test_a_worker_that_dies_once_is_not_noticed(api: Api, tmp_path: Path) -> None:
    run = await api.start(await api.dataset(TABLE), "test_trouble", kind="die once", folder=str(tmp_path))
    assert (await api.result(run)) == {"lines": ["survived"]}
    assert [event.type for event in await api.watch(run)].count("result.section") == 1


async def test_failures_tell_their_owner_what_happened(api: Api, analyzer: Analyzer) -> None:
    dataset = await api.dataset(TABLE)
    crashed = await api.watch(await api.start(dataset, "test_trouble", kind="exit"))
    assert json.loads(crashed[-1].data)["error"]["type"] == "/problems/crashed"
    failed = await api.watch(await api.start(dataset, "test_trouble", kind="raise"))
    error = json.loads(failed[-1].data)["error"]
    assert error["type"] == "/problems/internal-error"
    assert error["instance"] in error["detail"]
    assert "secret" not in json.dumps(error)
    assert failed[-1].type == "run.failed"


async def test_rows_are_exact(api: Api) -> None:
    table = 'i,f,t\n9007199254740993,0.1,x\n-1,1e308,"a,""b"\n,,\n'
    dataset = await api.dataset(table.encode())
    page = (await api.get(f"/api/datasets/{dataset}/rows?limit=2")).json
    assert page == {
        "columns": ["i", "f", "t"],
        "rows": [["9007199254740993", 0.1, "x"], [-1, 1e308, 'a,"b']],
        "total": 3,
    }
    rest = (await api.get(f"/api/datasets/{dataset}/rows?offset=2&columns=t&columns=i")).json
    assert rest == {"columns": ["t", "i"], "rows": [[None, None]], "total": 3}
    problem = (await api.get(f"/api/datasets/{dataset}/rows?columns=ii")).problem(422, "invalid-parameters")
    assert "'ii'" in problem["detail"]
    for query in ("limit=0", "limit=x", "offset=-1", "nonsense=1"):
        (await api.get(f"/api/datasets/{dataset}/rows?{query}")).problem(422, "invalid-parameters")


async def test_datasets_are_listed_described_and_forgotten(api: Api) -> None:
    api.headers["X-Session-ID"] = "lists"
    ids = [await api.dataset(TABLE, f"{number}.csv") for number in range(5)]
    first = await api.get("/api/datasets?limit=3")
    assert [entry["file_id"] for entry in first.json["datasets"]] == ids[:1:-1]
    assert first.headers["Link"] == f'</api/datasets?limit=3&after={first.json["next"]}>; rel="next"'
    second = (await api.get(f"/api/datasets?limit=3&after={first.json['next']}")).json
    assert [entry["file_id"] for entry in second["datasets"]] == ids[1::-1]
    assert second["next"] is None
    assert (await api.get(f"/api/datasets/{ids[0]}")).json["filename"] == "0.csv"
    assert (await api.ask("DELETE", f"/api/datasets/{ids[0]}")).status == 204
    for method, path in (("GET", ""), ("DELETE", ""), ("GET", "/rows")):
        (await api.ask(method, f"/api/datasets/{ids[0]}{path}")).problem(404, "unknown-dataset")


async def test_forgetting_a_dataset_lets_its_runs_finish(api: Api, tmp_path: Path, analyzer: Analyzer) -> None:
    dataset = await api.dataset(b"a\nforgotten while it is used\n")
    gate = Gate(tmp_path / "gate")
    run = await api.start(dataset, "test_gate", gate=str(gate.folder), parts=5)
    await gate.reached()
    table = Path(analyzer._desk._live[run].tables["df"])
    assert (await api.ask("DELETE", f"/api/datasets/{dataset}")).status == 204
    assert table.exists()
    gate.open()
    assert await api.result(run)
    await until(lambda: not table.exists(), "its bytes are gone")


async def test_another_session_sees_nothing(api: Api) -> None:
    mine, yours = {"X-Session-ID": "mine"}, {"X-Session-ID": "yours"}
    upload = (await api.upload(TABLE, headers=mine)).json["file_id"]
    body = {"file_id": upload, "task_id": "test_parts"}
    run = (await api.ask("POST", "/api/run", json=body, headers=mine)).json["task_execution_id"]
    for headers in (yours, {}):
        (await api.get(f"/api/datasets/{upload}", headers=headers)).problem(404, "unknown-dataset")
        (await api.get(f"/api/datasets/{upload}/rows", headers=headers)).problem(404, "unknown-dataset")
        (await api.ask("DELETE", f"/api/datasets/{upload}", headers=headers)).problem(404, "unknown-dataset")
        (await api.ask("POST", "/api/run", json=body, headers=headers)).problem(404, "unknown-dataset")
        for path in ("", "/result", "/events"):
            (await api.get(f"/api/run/{run}{path}", headers=headers)).problem(404, "unknown-run")
        (await api.ask("DELETE", f"/api/run/{run}", headers=headers)).problem(404, "unknown-run")
        assert upload not in (await api.get("/api/datasets?limit=1000", headers=headers)).body.decode()
        assert run not in (await api.get("/api/runs?limit=1000", headers=headers)).body.decode()
    assert run in (await api.get("/api/runs", headers=mine)).body.decode()
    public = await api.dataset(TABLE)
    assert (await api.get(f"/api/datasets/{public}", headers=mine)).status == 200


@pytest.mark.parametrize("session", ["", "x" * 129, "a\u00e9"])
async def test_a_bad_session_is_refused(api: Api, session: str) -> None:
    (await api.get("/api/runs", headers={"X-Session-ID": session})).problem(400, "malformed-request")


async def test_unknown_things_are_named(api: Api) -> None:
    dataset = await api.dataset(TABLE)
    (await api.get(f"/api/run/{ABSENT}")).problem(404, "unknown-run")
    answer = await api.ask("POST", "/api/run", json={"file_id": ABSENT, "task_id": "test_parts"})
    assert ABSENT in answer.problem(404, "unknown-dataset")["detail"]
    answer = await api.ask("POST", "/api/run", json={"file_id": dataset, "task_id": "eda_statistical_sumary"})
    assert "Did you mean eda_statistical_summary" in answer.problem(404, "unknown-task")["detail"]
    (await api.get("/api/tasks/nonsense")).problem(404, "unknown-task")
    (await api.get("/nowhere")).problem(404, "not-found")
    refused = await api.ask("PUT", "/api/tasks")
    refused.problem(405, "method-not-allowed")
    assert refused.headers["Allow"] == "GET,HEAD"


@pytest.mark.parametrize(
    ("body", "status", "code", "names"),
    [
        (b"{", 400, "malformed-request", "JSON"),
        (b'{"file_id": NaN}', 400, "malformed-request", "JSON"),
        (b"[" * 100_000, 400, "malformed-request", "JSON"),
        (b"\xff", 400, "malformed-request", "JSON"),
        (b"[]", 422, "invalid-parameters", "an object"),
        (b'{"file_id": "a"}', 422, "invalid-parameters", "task_id"),
        (b'{"file_id": 1, "task_id": "b"}', 422, "invalid-parameters", "file_id"),
        (b'{"file_id": "a", "task_id": "b", "parms": {}}', 422, "invalid-parameters", "parms"),
        (b"x" * 2_000_000, 413, "request-too-large", ""),
    ],
)
async def test_bad_bodies_are_named(api: Api, body: bytes, status: int, code: str, names: str) -> None:
    answer = await api.ask("POST", "/api/run", data=io.BytesIO(body), headers={"Content-Type": "application/json"})
    assert names in answer.problem(status, code)["detail"]


async def test_bad_parameters_are_named_before_anything_runs(api: Api) -> None:
    dataset = await api.dataset(TABLE)
    for params, names in (({"top": 0}, "top"), ({"nonsense": 1}, "nonsense"), ({"columns": ["A"]}, "'A'")):
        body = {"file_id": dataset, "task_id": "eda_statistical_summary", "params": params}
        problem = (await api.ask("POST", "/api/run", json=body)).problem(422, "invalid-parameters")
        assert names in problem["detail"]
        assert problem["errors"][0]["pointer"].startswith("/params")


async def test_the_catalogue_describes_itself(api: Api) -> None:
    tasks = {task["task_id"]: task for task in (await api.get("/api/tasks")).json["tasks"]}
    assert {"eda_statistical_summary", "eda_data_quality"} <= set(tasks)
    summary = (await api.get("/api/tasks/eda_statistical_summary")).json
    assert summary == tasks["eda_statistical_summary"]
    assert "columns" in summary["parameters"]["properties"]
    assert summary["family"] == "eda"
    assert summary["description"]


async def test_health_counts(api: Api, analyzer: Analyzer, tmp_path: Path) -> None:
    before = (await api.get("/health")).json
    dataset = await api.dataset(TABLE)
    gate = Gate(tmp_path / "gate")
    run = await api.start(dataset, "test_gate", gate=str(gate.folder))
    await gate.reached()
    health = (await api.get("/health")).json
    assert health["status"] == "healthy"
    storage = health["system"]["storage"]
    assert storage["datasets_count"] == before["system"]["storage"]["datasets_count"] + 1
    assert storage["total_items"] == storage["datasets_count"] + storage["results_count"]
    assert health["system"]["streaming"]["active_streams"] == 1
    assert health["system"]["execution"]["active_tasks"] == 1
    assert health["capabilities"]["concurrent_tasks"] == 10
    status = (await api.get("/api/run/status")).json
    assert (status["active_tasks"], status["message"]) == (1, "Currently processing 1 task(s)")
    assert status["principals"] == {"public": {"active_tasks": 1, "queued_tasks": 0, "principals": 1}}
    assert status["loop"]["worst_lag_ms"] >= status["loop"]["lag_ms"] >= 0
    assert status["slots"].keys() == {"total", "busy", "restarts"}
    gate.open()
    await api.watch(run)
    assert (await api.get("/api/run/status")).json["active_tasks"] == 0
    after = (await api.get("/health")).json["system"]
    assert after["storage"]["results_count"] == before["system"]["storage"]["results_count"] + 1
    assert after["streaming"]["cached_events_count"] > before["system"]["streaming"]["cached_events_count"]
    assert (await api.get("/health/live")).json == {"status": "live"}
    assert (await api.get("/health/ready")).json == {"status": "ready"}


async def test_every_problem_has_its_page(api: Api) -> None:
    problem = (await api.get(f"/api/run/{ABSENT}")).problem(404, "unknown-run")
    page = await api.get(problem["type"])
    assert page.status == 200
    assert b"unknown-run" in page.body
    (await api.get("/problems/nonsense")).problem(404, "not-found")


async def test_two_people_at_once_get_their_own(api: Api, penguins: Path) -> None:
    """Two upload different files at the same moment and run both analyses at once: nothing is mixed."""
    numbers = io.StringIO()
    csv.writer(numbers).writerows([["n", "g"], *[[number**2 / 7, f"g{number % 3}"] for number in range(500)]])
    files = {"penguins": penguins.read_bytes(), "numbers": numbers.getvalue().encode()}
    ids = dict(zip(files, await asyncio.gather(*(api.dataset(files[name]) for name in files)), strict=True))
    wanted = [(name, task) for name in files for task in ("eda_statistical_summary", "eda_data_quality")]
    runs = await asyncio.gather(*(api.start(ids[name], task) for name, task in wanted))
    results = dict(zip(wanted, await asyncio.gather(*map(api.result, runs)), strict=True))
    for name, content in files.items():
        frame = pd.read_csv(io.BytesIO(content))
        summary, quality = results[name, "eda_statistical_summary"], results[name, "eda_data_quality"]
        assert summary["rows"] == quality["rows"] == len(frame)
        assert [column["name"] for column in summary["columns"]] == list(frame.columns)
        for column in summary["columns"]:
            if column["kind"] == "numeric":
                values = frame[column["name"]]
                for ours, theirs in (
                    ("mean", values.mean()),
                    ("std", values.std()),
                    ("q25", values.quantile(0.25)),
                    ("skewness", values.skew()),
                    ("kurtosis", values.kurt()),
                    ("sum", values.sum()),
                ):
                    assert column[ours] == pytest.approx(theirs, rel=1e-9), (name, column["name"], ours)
        completeness = next(entry for entry in quality["dimensions"] if entry["dimension"] == "completeness")
        assert completeness["score"] == pytest.approx(1 - frame.isna().sum().sum() / frame.size, rel=1e-9)


async def test_other_sites_may_not_change_anything(api: Api) -> None:
    origins = ("https://evil.example", "null", "http://[", "http://\udcff", "http://a\\b")
    for headers in ({"Sec-Fetch-Site": "cross-site"}, *({"Origin": origin} for origin in origins)):
        (await api.upload(TABLE, headers=headers)).problem(403, "cross-site")
        assert (await api.get("/health", headers=headers)).status == 200
    assert (await api.upload(TABLE, headers={"Origin": str(api.http._base_url).rstrip("/")})).status == 201
    assert isinstance(api.http, aiohttp.ClientSession)


def test_the_log_is_ours_alone() -> None:
    lines = TextLines()
    record = logging.makeLogRecord(
        {"msg": "said", "path": "/x\n2026-01-01T00:00:00.000Z info forged", "levelname": "INFO"}
    )
    assert lines.format(record).count("\n") == 0
    assert "\\n2026" in lines.format(record)
