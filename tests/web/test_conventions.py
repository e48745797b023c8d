"""What holds of the whole API: keys, tags, waiting, lists, names of hosts and sites, pages of errors, the end."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from analyzer import Settings, create_app
from analyzer.errors import error_classes
from analyzer.service import Analyzer
from analyzer.web.keys import ANALYZER
from tests.api import Answer, Api
from tests.conftest import serving
from tests.serverprocess import server
from tests.waiting import Gate, until

TABLE = b"a,b\n1,x\n2,y\n3,\n"


def _keyed(key: str) -> dict[str, str]:
    return {"Idempotency-Key": key}


async def _run(api: Api, dataset: str, task: str = "test_parts", headers: Any = None, **params: Any) -> Answer:
    body = {"file_id": dataset, "task_id": task, "params": params}
    return await api.ask("POST", "/api/run", json=body, headers=headers or {})


# --- repeating --------------------------------------------------------------------------------------------------------


async def test_an_upload_repeated_under_its_key_is_one_dataset(api: Api) -> None:
    api.headers["X-Session-ID"] = "repeats-uploads"
    first = await api.upload(TABLE, "t.csv", headers=_keyed("one"))
    again = await api.upload(TABLE, "t.csv", headers=_keyed("one"))
    assert (again.status, again.json, again.headers["Location"]) == (201, first.json, first.headers["Location"])
    assert (first.headers.get("Idempotency-Replayed"), again.headers["Idempotency-Replayed"]) == (None, "true")
    assert len((await api.get("/api/datasets")).json["datasets"]) == 1
    as_body = await api.ask("POST", "/api/upload?filename=t.csv", data=TABLE, headers=_keyed("one"))
    assert as_body.json == first.json  # however it travels, it is the same file under the same name
    for content, name in ((TABLE + b"4,z\n", "t.csv"), (TABLE, "other.csv")):
        answer = await api.upload(content, name, headers=_keyed("one"))
        assert "'one'" in answer.problem(422, "idempotency-key-reused")["detail"]
    assert (await api.upload(TABLE, "t.csv", headers=_keyed("two"))).json["file_id"] != first.json["file_id"]


async def test_a_run_repeated_under_its_key_is_one_run(api: Api) -> None:
    dataset = await api.dataset(TABLE)
    api.headers["X-Session-ID"] = "repeats-runs"
    first = await _run(api, dataset, headers=_keyed("k"), parts=2)
    await api.watch(first.json["task_execution_id"])
    again = await _run(api, dataset, headers=_keyed("k"), parts=2)
    assert (first.status, again.status) == (202, 202)
    assert again.json["task_execution_id"] == first.json["task_execution_id"]
    assert again.headers["Location"] == first.headers["Location"]
    assert len((await api.get("/api/runs")).json["runs"]) == 1
    (await _run(api, dataset, headers=_keyed("k"), parts=3)).problem(422, "idempotency-key-reused")
    (await api.upload(TABLE, headers=_keyed("k"))).problem(422, "idempotency-key-reused")


async def test_keys_of_two_people_are_two_keys(api: Api) -> None:
    dataset = await api.dataset(TABLE)
    ids = set()
    for session in ("ann", "ben"):
        started = await _run(api, dataset, headers=_keyed("the same") | {"X-Session-ID": session})
        ids.add(started.json["task_execution_id"])
    assert len(ids) == 2


async def test_whoever_comes_with_the_same_key_meanwhile_waits_for_the_first(api: Api, analyzer: Analyzer) -> None:
    uploads = await asyncio.gather(*(api.upload(TABLE, "t.csv", headers=_keyed("at once")) for _ in range(8)))
    assert len({answer.json["file_id"] for answer in uploads}) == 1
    assert sum("Idempotency-Replayed" not in answer.headers for answer in uploads) == 1
    assert not analyzer._repeats._under_way


async def test_what_failed_may_be_tried_again_under_its_key(api: Api) -> None:
    broken = await api.upload(b"", "t.csv", headers=_keyed("again"))
    broken.problem(422, "empty-dataset")
    assert (await api.upload(TABLE, "t.csv", headers=_keyed("again"))).status == 201


async def test_a_gone_thing_is_told_to_be_gone(api: Api) -> None:
    made = await api.upload(TABLE, "t.csv", headers=_keyed("gone"))
    await api.ask("DELETE", f"/api/datasets/{made.json['file_id']}")
    (await api.upload(TABLE, "t.csv", headers=_keyed("gone"))).problem(404, "unknown-dataset")


@pytest.mark.parametrize("key", ["", "x" * 256, "\u00e9"])
async def test_a_key_that_cannot_be_kept_is_refused(api: Api, key: str) -> None:
    for answer in (await api.upload(TABLE, headers=_keyed(key)), await _run(api, "0" * 32, headers=_keyed(key))):
        assert "Idempotency-Key" in answer.problem(400, "malformed-request")["detail"]


async def test_keys_outlive_a_restart(tmp_path: Path) -> None:
    answers = []
    for _ in range(2):
        async with server(tmp_path / "data") as process, aiohttp.ClientSession(process.url) as http:
            answers.append((await Api(http).upload(TABLE, "t.csv", headers=_keyed("k"))).json)
    assert answers[0] == answers[1]


# --- tags -------------------------------------------------------------------------------------------------------------


async def test_what_has_not_changed_is_not_sent_again(api: Api) -> None:
    dataset = await api.dataset(TABLE)
    run = await api.start(dataset, "test_parts")
    await api.watch(run)
    paths = ["", "/download", "/download?format=csv"]
    for path in (
        *(f"/api/datasets/{dataset}{path}" for path in paths),
        f"/api/run/{run}/result",
        "/api/tasks",
        "/api/tasks/test_parts",
        "/static/page.css",
        "/problems/busy",
    ):
        whole = await api.get(path)
        tag = whole.headers["ETag"]
        assert tag.startswith('"'), f"{path}: a weak tag"
        for known in (tag, f'"other", {tag}', f"W/{tag}", "*"):
            same = await api.get(path, headers={"If-None-Match": known})
            assert (same.status, same.body, same.headers["ETag"]) == (304, b"", tag), (path, known)
        for other in ('"other"', "nonsense"):
            again = await api.get(path, headers={"If-None-Match": other})
            assert (again.status, again.body) == (200, whole.body), (path, other)


async def test_a_tag_opens_nothing_to_others(api: Api) -> None:
    mine = {"X-Session-ID": "tags"}
    dataset = (await api.upload(TABLE, headers=mine)).json["file_id"]
    run = (await _run(api, dataset, headers=mine)).json["task_execution_id"]
    await api.get(f"/api/run/{run}", headers=mine | {"Prefer": "wait=30"})
    (await api.get(f"/api/run/{run}/result", headers={"If-None-Match": "*"})).problem(404, "unknown-run")
    (await api.get(f"/api/datasets/{dataset}", headers={"If-None-Match": "*"})).problem(404, "unknown-dataset")


# --- renaming ---------------------------------------------------------------------------------------------------------


async def test_a_dataset_is_renamed_for_people(api: Api) -> None:
    api.headers["X-Session-ID"] = "renames"
    before = (await api.upload(TABLE, "a.csv")).json
    path = f"/api/datasets/{before['file_id']}"
    tag = (await api.get(path)).headers["ETag"]
    renamed = await api.ask("PATCH", path, json={"filename": "../../etc/\u202egrößer.csv"})
    assert (renamed.status, renamed.json) == (200, before | {"filename": "größer.csv"})
    assert (await api.get(path, headers={"If-None-Match": tag})).json == renamed.json
    assert (await api.get("/api/datasets")).json["datasets"][0]["filename"] == "größer.csv"
    download = await api.get(f"{path}/download")
    assert download.headers["Content-Disposition"].endswith("gr%C3%B6%C3%9Fer.csv")
    assert download.body == TABLE
    for body, pointer in (({}, "/filename"), ({"filename": ""}, "/filename"), ({"filename": "b", "rows": 1}, "/rows")):
        problem = (await api.ask("PATCH", path, json=body)).problem(422, "invalid-parameters")
        assert problem["errors"][0]["pointer"] == pointer
    other = await api.ask("PATCH", path, json={"filename": "b"}, headers={"X-Session-ID": "another"})
    other.problem(404, "unknown-dataset")
    await api.ask("DELETE", path)
    (await api.ask("PATCH", path, json={"filename": "b"})).problem(404, "unknown-dataset")


# --- waiting ----------------------------------------------------------------------------------------------------------


async def test_who_prefers_to_wait_gets_the_result_at_once(api: Api) -> None:
    dataset = await api.dataset(TABLE)
    answer = await _run(api, dataset, headers={"Prefer": "respond-async, wait=20"})
    run = answer.json["task_execution_id"]
    assert (answer.status, answer.headers["Preference-Applied"]) == (200, "wait=20")
    assert (answer.json["status"], answer.headers["Location"]) == ("completed", f"/api/run/{run}")
    assert answer.json["result"] == (await api.get(f"/api/run/{run}/result")).json
    failed = await _run(api, dataset, "test_trouble", headers={"Prefer": "wait=20"}, kind="raise")
    assert (failed.status, failed.json["status"], "result" in failed.json) == (200, "failed", False)
    assert failed.json["error"]["type"] == "/problems/internal-error"


async def test_waiting_ends_when_it_should(api: Api, tmp_path: Path) -> None:
    gate = Gate(tmp_path / "gate")
    dataset = await api.dataset(TABLE)
    started = await _run(api, dataset, "test_gate", headers={"Prefer": "wait=0"}, gate=str(gate.folder))
    assert (started.status, started.json["status"] in ("queued", "running")) == (202, True)
    path = started.headers["Location"]
    (await api.get(f"{path}/result", headers={"Prefer": "wait=1"})).problem(409, "not-finished")
    for malformed in ("wait=x", "wait", "await=5", "wait=-1", "wait=1e9"):
        unmoved = await api.get(path, headers={"Prefer": malformed})
        assert (unmoved.json["status"], "Preference-Applied" in unmoved.headers) == ("running", False), malformed
    waiting = asyncio.create_task(api.get(f"{path}/result", headers={"Prefer": 'foo; bar, WAIT="25"'}))
    await gate.reached()
    assert not waiting.done()
    gate.open()
    ended = await waiting
    assert (ended.status, ended.headers["Preference-Applied"]) == (200, "wait=25")
    assert ended.json == {"lines": ["part 0", "part 1"]}
    longest = await api.get(path, headers={"Prefer": "wait=999999"})
    assert longest.headers["Preference-Applied"] == "wait=30"


# --- lists ------------------------------------------------------------------------------------------------------------


async def test_every_page_names_the_next_until_there_is_none(api: Api) -> None:
    api.headers["X-Session-ID"] = "pages"
    dataset = await api.dataset(TABLE)
    started = [await api.start(dataset, "test_parts") for _ in range(5)]
    path, seen = "/api/runs?limit=2", []
    while path:
        page = await api.get(path)
        seen += [run["task_execution_id"] for run in page.json["runs"]]
        link = page.headers.get("Link", "")
        assert bool(link) == bool(page.json["next"])
        path = link.partition(">")[0].removeprefix("<")
    assert seen == started[::-1]
    assert (await api.get("/api/runs?after=" + "0" * 32)).json["runs"] == []
    for query in ("limit=0", "limit=1001", "after=nonsense", "page=2"):
        (await api.get(f"/api/runs?{query}")).problem(422, "invalid-parameters")


# --- hosts and sites --------------------------------------------------------------------------------------------------

PAGE = "https://app.example"


async def test_pages_of_listed_origins_may_use_it_and_no_others(make_settings: Callable[..., Settings]) -> None:
    app = create_app(make_settings(cors_origins="https://app.example, http://localhost:3000"))
    async with serving(app) as url, aiohttp.ClientSession(url) as http:
        api, theirs = Api(http), {"Origin": PAGE, "Sec-Fetch-Site": "cross-site"}
        asks = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "idempotency-key"}
        preflight = await api.ask("OPTIONS", "/api/run", headers=theirs | asks)
        assert (preflight.status, preflight.headers["Access-Control-Allow-Origin"]) == (204, PAGE)
        assert "PATCH" in preflight.headers["Access-Control-Allow-Methods"]
        assert "Idempotency-Key" in preflight.headers["Access-Control-Allow-Headers"]
        for answer in (await api.upload(TABLE, headers=theirs), await api.get("/nowhere", headers=theirs)):
            assert (answer.status in (201, 404), answer.headers["Access-Control-Allow-Origin"]) == (True, PAGE)
            assert answer.headers["Vary"] == "Origin"
            assert "Location" in answer.headers["Access-Control-Expose-Headers"]
        for origin in ("https://evil.example", "https://app.example.evil.example", "http://app.example", "null"):
            refused = await api.upload(TABLE, headers={"Origin": origin})
            refused.problem(403, "cross-site")
            silent = await api.ask("OPTIONS", "/api/run", headers={"Origin": origin} | asks)
            silent.problem(405, "method-not-allowed")
            assert not {"Access-Control-Allow-Origin"} & (set(refused.headers) | set(silent.headers))


async def test_without_a_list_no_other_page_reads(api: Api) -> None:
    answer = await api.get("/health", headers={"Origin": PAGE})
    assert "Access-Control-Allow-Origin" not in answer.headers


@pytest.mark.parametrize("origin", ["app.example", "https://app.example/", "ftp://a", "https://a b", "https://"])
def test_a_listed_origin_is_one(make_settings: Callable[..., Settings], origin: str) -> None:
    with pytest.raises(ValueError, match="is no origin"):
        make_settings(cors_origins=origin)


# --- errors -----------------------------------------------------------------------------------------------------------


async def test_every_code_has_a_page_for_people_and_a_text_for_terminals(api: Api) -> None:
    for cls in error_classes():
        text = await api.get(f"/problems/{cls.code}", headers={"Accept": "*/*"})
        assert text.headers["Content-Type"] == "text/plain; charset=utf-8"
        assert text.body.decode().startswith(f"{cls.code} ({cls.status})\n{cls.title}\n\n")
        page = await api.get(f"/problems/{cls.code}", headers={"Accept": "text/html,*/*;q=0.8"})
        assert page.headers["Content-Type"] == "text/html; charset=utf-8"
        assert page.headers["Content-Security-Policy"].startswith("default-src 'none'; style-src 'self';")
        assert page.headers["Vary"] == "Accept"
        assert f"<code>{cls.code}</code>".encode() in page.body
        assert b"`" not in page.body
    (await api.get("/static/nonsense")).problem(404, "not-found")
    nearest = (await api.get("/problems/unknown-datset")).problem(404, "not-found")
    assert "Did you mean unknown-dataset" in nearest["detail"]


async def test_each_request_has_an_id_of_its_own(api: Api) -> None:
    answers = [await api.get(path) for path in ("/health", "/health", "/nowhere")]
    ids = {answer.headers["X-Request-ID"] for answer in answers}
    assert len(ids) == 3
    assert all(len(request_id) == 32 for request_id in ids)


# --- the end ----------------------------------------------------------------------------------------------------------


async def test_a_server_that_drains_refuses_new_work_and_ends_what_it_has(
    make_settings: Callable[..., Settings], tmp_path: Path
) -> None:
    app = create_app(make_settings())
    gate = Gate(tmp_path / "gate")
    async with serving(app) as url, aiohttp.ClientSession(url) as http:
        api = Api(http)
        dataset = await api.dataset(TABLE)
        run = await api.start(dataset, "test_gate", gate=str(gate.folder))
        await gate.reached()
        waiting = asyncio.create_task(api.get(f"/api/run/{run}", headers={"Prefer": "wait=30"}))
        watching = asyncio.create_task(api.watch(run))
        log = await app[ANALYZER].log(run)
        await until(lambda: log.watching == 2, "both wait for the run")
        app[ANALYZER].drain()
        assert (await waiting).json["status"] == "running"
        assert (await watching)[-1].type == "shutdown"
        for answer in (await api.upload(TABLE), await _run(api, dataset), await api.get("/health/ready")):
            answer.problem(503, "shutting-down")
        assert (await api.get("/health")).json["status"] == "shutting-down"
        assert (await api.get(f"/api/datasets/{dataset}/rows")).status == 200
        gate.open()
        final = await api.get(f"/api/run/{run}")
        assert json.loads(final.body)["status"] in ("running", "completed")
