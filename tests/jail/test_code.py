"""The analysis `code` over HTTP: what goes in, what is seen on the way, what comes out."""

import asyncio
import base64
import json
from typing import Any

import pytest

from tests.api import Api
from tests.waiting import until

pytestmark = pytest.mark.skipif("sys.platform != 'linux'")

TABLE = b"city,count,share\nBonn,1,0.5\nLima,2,\nOslo,3,0.25\n"


async def _ending(api: Api, file_id: str, code: str, **params: Any) -> tuple[dict[str, Any], list[Any]]:
    """The data of the final event, and the events before it."""
    run_id = await api.start(file_id, "code", code=code, **params)
    events = await api.watch(run_id)
    if events[-1].type == "run.completed":
        return (await api.get(f"/api/run/{run_id}/result")).json, events[:-1]
    return json.loads(events[-1].data)["error"], events[:-1]


@pytest.mark.parametrize(
    ("code", "kind", "told"),
    [
        ("result = 1", "value", 1),
        ("df['count'].sum()", "value", 6),
        ("2**70", "value", str(2**70)),
        ("float('nan')", "value", None),
        ("{'a': np.arange(3), 'b': pd.Timestamp('2026-01-31'), 3: (None, True)}", "value",
         {"a": [0, 1, 2], "b": "2026-01-31T00:00:00", "3": [None, True]}),
        ("'text'", "text", "text"),
        ("x = 1", "text", ""),
        ("result = 5\n'last'", "value", 5),
    ],
)  # fmt: skip
async def test_values_and_texts(api: Api, code: str, kind: str, told: object) -> None:
    result, _ = await _ending(api, await api.dataset(TABLE), code)
    assert (result["kind"], result[kind]) == (kind, told)


async def test_tables_keep_their_index_and_their_missing_cells(api: Api) -> None:
    result, _ = await _ending(api, await api.dataset(TABLE), "df.set_index('city')[['share']]")
    assert [column["name"] for column in result["table"]["columns"]] == ["city", "share"]
    assert result["table"]["rows"] == [["Bonn", 0.5], ["Lima", None], ["Oslo", 0.25]]
    assert result["table"]["total"] == 3
    result, _ = await _ending(api, await api.dataset(TABLE), "pd.DataFrame({'n': range(5000)})")
    assert len(result["table"]["rows"]) == 1000
    assert result["table"]["total"] == 5000


async def test_charts_are_told_as_such(api: Api) -> None:
    code = "{'$schema': 'https://vega.github.io/schema/vega-lite/v5.json', 'title': 'Bars', 'mark': 'bar'}"
    result, _ = await _ending(api, await api.dataset(TABLE), code)
    assert result["kind"] == "chart"
    assert result["charts"][0]["title"] == "Bars"


async def test_what_is_printed_and_emitted_is_seen_while_the_code_runs(api: Api) -> None:
    code = """
import sys, time
print("begun")
emit(done=1, total=4, message="one")
emit(df.head(1), "first")
emit({"$schema": "vega-lite", "mark": "bar"})
print("half", file=sys.stderr)
while True:
    time.sleep(0.01)
"""
    run_id = await api.start(await api.dataset(TABLE), "code", code=code)
    seen: list[str] = []
    see = seen.append

    async def watch() -> None:
        async with api.http.get(f"/api/run/{run_id}/events") as answer:
            async for line in answer.content:
                if line.startswith(b"event: "):
                    see(line[7:-1].decode())

    watching = asyncio.create_task(watch())
    await until(lambda: seen.count("output.delta") == 2, "both streams")
    await until(lambda: {"run.progress", "result.section", "chart"} <= set(seen), "what comes another way")
    assert (await api.get(f"/api/run/{run_id}")).json["progress"] == {"done": 1, "total": 4}
    await api.ask("DELETE", f"/api/run/{run_id}")
    await watching
    assert seen[-1] == "run.cancelled"


async def test_printed_text_stands_in_the_result(api: Api) -> None:
    file_id = await api.dataset(TABLE)
    result, events = await _ending(api, file_id, "import sys\nprint('één')\nsys.stdout.buffer.write(b'\\xff')\n1")
    assert result["output"] == {"text": "één\n\ufffd", "left_out_bytes": 0}
    assert "".join(json.loads(event.data)["text"] for event in events if event.type == "output.delta") == "één\n\ufffd"
    result, _ = await _ending(api, file_id, "print('a' * 100_000)\nprint('b' * 100_000)")
    text = result["output"]["text"]
    assert text.startswith("aaa")
    assert text.endswith("bbb\n")
    assert f"{result['output']['left_out_bytes']:,} bytes left out" in text


async def test_a_table_becomes_a_dataset(api: Api) -> None:
    result, _ = await _ending(
        api, await api.dataset(TABLE), "df.assign(twice=df['count'] * 2)[['city', 'twice']]", save_as="twice"
    )
    saved = result["saved"]
    assert saved["filename"] == "twice.arrow"
    rows = (await api.get(f"/api/datasets/{saved['file_id']}/rows")).json["rows"]
    assert rows == [["Bonn", 2], ["Lima", 4], ["Oslo", 6]]
    error, _ = await _ending(api, await api.dataset(TABLE), "1", save_as="nothing")
    assert error["type"] == "/problems/result-invalid"


async def test_further_datasets_are_tables_and_are_authorised(api: Api) -> None:
    one, other = await api.dataset(TABLE), await api.dataset(b"a,b\n1,2\n3,4\n")
    code = "[len(tables['other']), list(tables), int(tables['other']['b'].sum())]"
    result, _ = await _ending(api, one, code, inputs={"other": other})
    assert result["value"] == [2, ["df", "other"], 6]
    api.headers["X-Session-ID"] = "somebody"
    foreign = await api.dataset(TABLE)
    del api.headers["X-Session-ID"]
    body = {"file_id": one, "task_id": "code", "params": {"code": "1", "inputs": {"other": foreign}}}
    (await api.ask("POST", "/api/run", json=body)).problem(404, "unknown-dataset")


async def test_an_error_names_the_line_and_what_was_meant(api: Api) -> None:
    file_id = await api.dataset(TABLE)
    error, _ = await _ending(api, file_id, "print('before')\n\ndf['citty'].head()")
    assert error["type"] == "/problems/code-error"
    assert error["line"] == 3
    assert "city" in error["hint"]
    assert "df['citty'].head()" in error["traceback"]
    assert "pandas/core/frame.py" in error["traceback"]
    assert "/site-packages" not in str(error)
    assert error["output"] == "before\n"
    error, _ = await _ending(api, file_id, "x = (1,\ny = 2")
    assert (error["type"], error["line"]) == ("/problems/code-error", 1)
    error, _ = await _ending(api, file_id, "def f():\n    return lenn(df)\nf()")
    assert error["line"] == 2
    assert error["hint"].startswith("Did you mean len,")
    error, _ = await _ending(api, file_id, "import sys\nsys.exit('enough')")
    assert error["detail"].startswith("Line 2: SystemExit: enough")


async def test_randomness_differs_between_runs(api: Api) -> None:
    file_id = await api.dataset(TABLE)
    code = "import random\n[float(np.random.random()), random.random()]"
    (one, _), (other, _) = await _ending(api, file_id, code), await _ending(api, file_id, code)
    assert not set(one["value"]) & set(other["value"])


async def test_packages_can_be_imported(api: Api) -> None:
    code = "import scipy.stats, sklearn.linear_model\n'cp437 idna'.encode('cp437').decode('idna')"
    result, _ = await _ending(api, await api.dataset(TABLE), code)
    assert result["text"] == "cp437 idna"


async def test_bad_parameters_are_refused(api: Api) -> None:
    file_id = await api.dataset(TABLE)
    for params in ({}, {"code": 1}, {"code": "1", "inputs": {"not a name": file_id}}, {"code": "1", "save_as": ""}):
        body = {"file_id": file_id, "task_id": "code", "params": params}
        (await api.ask("POST", "/api/run", json=body)).problem(422, "invalid-parameters")


async def test_health_tells_of_the_jail(api: Api) -> None:
    await _ending(api, await api.dataset(TABLE), "1")
    jail = (await api.get("/health")).json["system"]["jail"]
    assert jail["level"] >= jail["min_level"] == 2
    assert set(jail["layers"]) == {"limits", "identity", "namespaces", "landlock", "seccomp"}


PYPLOT = "import matplotlib.pyplot as plt\n"


@pytest.mark.parametrize(
    ("code", "title"),
    [
        ("import altair as alt\nalt.Chart(df, title='Cities').mark_bar().encode(x='city', y='count')", "Cities"),
        (f"{PYPLOT}fig, ax = plt.subplots()\nax.plot([1, 2])\nax.set_title('Line')\nfig", "Line"),
        ("df.plot.bar(x='city', y='count', title='Axes')", "Axes"),
        ("df.hist()", ""),
        (f"{PYPLOT}plt.hist(df['count'])\nplt.title('Drawn')\nplt.show()", "Drawn"),
    ],
)
async def test_what_is_drawn_is_a_chart(api: Api, code: str, title: str) -> None:
    result, _ = await _ending(api, await api.dataset(TABLE), code)
    assert result.get("kind") == "chart", result
    (chart,) = result["charts"]
    assert chart["title"] in (title, "(no name)")
    if "altair" not in code:
        picture = chart["spec"]["data"]["values"][0]["picture"]
        assert base64.b64decode(picture.removeprefix("data:image/png;base64,")).startswith(b"\x89PNG")
        assert result["output"] == {"text": "", "left_out_bytes": 0}
