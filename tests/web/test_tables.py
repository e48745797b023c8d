"""Rows, downloads and reading again, over HTTP."""

import asyncio
import io
import json
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from analyzer.executors.base import Lane
from analyzer.service import Analyzer
from tests.api import Api
from tests.waiting import Gate

TABLE = """name,age,born
Ana,31,1993-04-01
Bo,,1950-01-02
"Cy, Jr.",7,
=1+1,99,2001-12-31
Ana,31,1980-05-05
"""


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("sort=age", ["Cy, Jr.", "Ana", "Ana", "=1+1", "Bo"]),
        ("sort=-age", ["=1+1", "Ana", "Ana", "Cy, Jr.", "Bo"]),
        ("sort=name&sort=-born", ["=1+1", "Ana", "Ana", "Bo", "Cy, Jr."]),
        ("filter=age:ge:31", ["Ana", "=1+1", "Ana"]),
        ("filter=age:ge:31&filter=name:eq:Ana", ["Ana", "Ana"]),
        ("filter=name:contains:AN", ["Ana", "Ana"]),
        ("filter=name:starts:c", ["Cy, Jr."]),
        ("filter=age:missing", ["Bo"]),
        ("filter=born:lt:1990-01-01", ["Bo", "Ana"]),
        ("filter=born:present&sort=born&limit=2&offset=1", ["Ana", "Ana"]),
        ("filter=name:eq:nobody", []),
        ("filter=age:ne:31", ["Cy, Jr.", "=1+1"]),
    ],
)
async def test_rows_are_sorted_and_filtered(api: Api, query: str, names: list[str]) -> None:
    dataset = await api.dataset(TABLE.encode())
    page = (await api.get(f"/api/datasets/{dataset}/rows?columns=name&{query}")).json
    assert [row[0] for row in page["rows"]] == names
    if "limit" not in query:
        assert page["total"] == len(names)


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ("sort=agee", "age"),
        ("filter=agee:eq:1", "age"),
        ("filter=age:eq:x", "'x'"),
        ("filter=age", "'age'"),
        ("filter=age:like:x", "contains"),
        ("limit=100000", "limit"),
    ],
)
async def test_what_rows_cannot_be_is_named(api: Api, query: str, named: str) -> None:
    dataset = await api.dataset(TABLE.encode())
    answer = await api.get(f"/api/datasets/{dataset}/rows?{query}")
    assert named in answer.problem(422, "invalid-parameters")["detail"]


async def test_rows_do_not_wait_for_runs(api: Api, tmp_path: Path) -> None:
    dataset = await api.dataset(TABLE.encode())
    gate = Gate(tmp_path / "gate")
    runs = [await api.start(dataset, "test_gate", gate=str(gate.folder), parts=4) for _ in range(3)]
    await gate.reached(2)
    assert (await api.get(f"/api/datasets/{dataset}/rows")).json["total"] == 5
    gate.open()
    for run in runs:
        await api.result(run)


async def test_rows_do_not_wait_for_a_download_being_written(api: Api, analyzer: Analyzer) -> None:
    dataset = await api.dataset(TABLE.encode() + b"Di,1,\n")
    lane = analyzer._executor._lanes[Lane.EXPORTS]
    slot = await lane.take()  # as if it wrote a table of many millions of rows
    download = asyncio.create_task(api.get(f"/api/datasets/{dataset}/download?format=csv"))
    try:
        assert (await api.get(f"/api/datasets/{dataset}/rows")).json["total"] == 6
        assert not download.done()
    finally:
        lane.leave(slot)
        lane.add(slot)
    assert (await download).body.count(b"\n") == 7


async def test_a_search_takes_capitals_for_small_letters_in_every_alphabet(api: Api) -> None:
    dataset = await api.dataset("t,n\nGröße,1\nΑΘΗΝΑ,2\nanna,3\n".encode())
    for value, number in (("GRÖ", 1), ("große", None), ("αθην", 2), ("NN", 3)):
        page = (await api.get(f"/api/datasets/{dataset}/rows?columns=n&filter=t:contains:{value}")).json
        assert page["rows"] == ([] if number is None else [[number]])


async def test_downloads_are_the_table_in_each_form(api: Api, penguins: Path) -> None:
    uploaded = await api.ask("POST", "/api/upload?filename=Pingüine.csv", data=penguins.open("rb"))
    dataset = uploaded.json["file_id"]
    path = f"/api/datasets/{dataset}/download"
    original = await api.get(path)
    assert original.body == penguins.read_bytes()
    assert original.headers["Content-Disposition"] == "attachment; filename*=UTF-8''Ping%C3%BCine.csv"
    assert original.headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert original.headers["X-Content-Type-Options"] == "nosniff"
    frame = pd.read_csv(penguins)
    assert frame.equals(pd.read_csv(io.BytesIO((await api.get(f"{path}?format=csv")).body)))
    parquet = pq.read_table(io.BytesIO((await api.get(f"{path}?format=parquet")).body))
    arrow = pa.ipc.open_file((await api.get(f"{path}?format=arrow")).body).read_all()
    assert parquet.equals(arrow)
    assert parquet.num_rows == 344
    part = await api.get(path, headers={"Range": "bytes=8-15"})
    assert (part.status, part.body) == (206, penguins.read_bytes()[8:16])
    assert (await api.get(path, headers={"If-None-Match": original.headers["ETag"]})).status == 304
    (await api.get(f"{path}?format=xls")).problem(422, "invalid-parameters")
    (await api.get(f"{path}?format=bad-rows")).problem(404, "not-found")


async def test_formulas_are_defused_unless_asked_for_raw(api: Api) -> None:
    cells = ["=HYPERLINK(1)", "+1a", "-x", "@SUM", "plain", "a=b"]
    dataset = await api.dataset(("=t\n" + "\n".join(cells) + "\n").encode())
    path = f"/api/datasets/{dataset}/download?format=csv"
    safe = pd.read_csv(io.BytesIO((await api.get(path)).body))
    assert list(safe.iloc[:, 0]) == ["'=HYPERLINK(1)", "'+1a", "'-x", "'@SUM", "plain", "a=b"]
    assert safe.columns[0].startswith("'=")
    raw = pd.read_csv(io.BytesIO((await api.get(f"{path}&raw=1")).body))
    assert list(raw.iloc[:, 0]) == cells


async def test_bad_rows_are_kept_aside(api: Api) -> None:
    lines = [f"{number},{number}" for number in range(40)]
    lines[20] = "1,2,3,4"
    uploaded = (await api.upload(("a,b\n" + "\n".join(lines) + "\n").encode())).json
    assert uploaded["report"]["bad_rows"]["lines"] == [22]
    kept = await api.get(f"/api/datasets/{uploaded['file_id']}/download?format=bad-rows")
    assert b"1,2,3,4" in kept.body
    assert b"22" in kept.body


async def test_a_file_is_read_again_without_a_new_upload(api: Api) -> None:
    old = (await api.upload(b"a;b\n1,5;x\n", "t.csv")).json
    path = f"/api/datasets/{old['file_id']}/reparse"
    new = (await api.ask("POST", path, json={"delimiter": ";", "decimal": ".", "types": {"a": "text"}})).json
    assert new["derived_from"] == old["file_id"]
    assert new["options"]["delimiter"] == ";"
    assert new["sha256"] == old["sha256"]
    assert [column["type"] for column in new["table"]] == ["string", "string"]
    by_query = (await api.ask("POST", f"{path}?header=false")).json
    assert by_query["rows"] == 2
    assert (await api.get(f"/api/datasets/{old['file_id']}")).json == old
    assert (await api.get(f"/api/datasets/{old['file_id']}/download")).body == b"a;b\n1,5;x\n"
    (await api.ask("POST", path, json={"delimeter": ";"})).problem(422, "invalid-parameters")
    (await api.ask("POST", "/api/datasets/nonsense/reparse", json={})).problem(404, "unknown-dataset")
    await api.ask("DELETE", f"/api/datasets/{old['file_id']}")
    assert (await api.get(f"/api/datasets/{new['file_id']}/download")).body == b"a;b\n1,5;x\n"


async def test_the_same_bytes_are_kept_once_and_names_stay_private(api: Api, analyzer: Analyzer) -> None:
    content = b"a,b\nkept,once\n"
    tables = analyzer.settings.data_dir / "tables"
    before = len(list(tables.iterdir()))
    mine = (await api.upload(content, "mine.csv", headers={"X-Session-ID": "me"})).json
    yours = (await api.upload(content, "yours.csv", headers={"X-Session-ID": "you"})).json
    assert len(list(tables.iterdir())) == before + 1
    assert mine["file_id"] != yours["file_id"]
    assert "mine" not in json.dumps(yours)
    await api.ask("DELETE", f"/api/datasets/{mine['file_id']}", headers={"X-Session-ID": "me"})
    rows = await api.get(f"/api/datasets/{yours['file_id']}/rows", headers={"X-Session-ID": "you"})
    assert rows.json["rows"] == [["kept", "once"]]
    await api.ask("DELETE", f"/api/datasets/{yours['file_id']}", headers={"X-Session-ID": "you"})
    assert len(list(tables.iterdir())) == before


async def test_many_at_once_with_the_same_bytes_end_well(api: Api) -> None:
    async def come_and_go(number: int) -> None:
        dataset = await api.dataset(b"a\nthe same for all\n", f"{number}.csv")
        assert (await api.get(f"/api/datasets/{dataset}/rows")).json["rows"] == [["the same for all"]]
        assert (await api.ask("DELETE", f"/api/datasets/{dataset}")).status == 204

    await asyncio.gather(*(come_and_go(number) for number in range(30)))
