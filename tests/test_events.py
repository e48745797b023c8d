"""The reference of the events: each example is one, and what the server says has the same fields."""

import asyncio
import json
import re
import shutil
import signal
import subprocess
from pathlib import Path
from typing import Any
from urllib.parse import quote

import aiohttp
import pytest
from aiohttp import web
from pydantic import TypeAdapter

from analyzer import Settings, create_app
from analyzer.models.said import StreamEvent
from tests.api import Api
from tests.conftest import Served, serving
from tests.serverprocess import server
from tests.waiting import Gate

ROOT = Path(__file__).parents[1]
REFERENCE = (ROOT / "docs/events.md").read_text()
EXAMPLES = {
    kind: json.loads(example)
    for kind, example in re.findall(
        r"^### `([^`]+)`\n(?:(?!^###).)*?```json\n(.*?)```", REFERENCE, re.DOTALL | re.MULTILINE
    )
}
EVENT: TypeAdapter[Any] = TypeAdapter(StreamEvent)
CHROMIUM = shutil.which("chromium")
TABLE = b"a,b\n1,x\n2,y\n"


def test_every_type_has_one_example_which_is_one() -> None:
    kinds = set(EVENT.json_schema()["discriminator"]["mapping"])
    assert set(EXAMPLES) == kinds
    for kind, example in EXAMPLES.items():
        assert EVENT.validate_python(example).type == kind
    assert all(f"| `{kind}`" in (ROOT / "docs/api.md").read_text() or kind == "run.interrupted" for kind in kinds)


async def _everything_said(tmp_path: Path, penguins: Path) -> list[dict[str, Any]]:
    """Events of every type, from a server that is also stopped and started again."""
    gate, said = Gate(tmp_path / "gate"), list[dict[str, Any]]()

    async def watch(api: Api, run: str, last: str | None = None) -> None:
        said.extend(json.loads(event.data) for event in await api.watch(run, last))

    async with (
        server(tmp_path / "data", shutdown_grace_seconds=0.1, llm="scripted") as process,
        aiohttp.ClientSession(process.url) as http,
    ):
        api = Api(http)
        dataset = await api.dataset(penguins)
        run = await api.start(dataset, "eda_statistical_summary")
        await watch(api, run)
        await watch(api, run, "lost:1")
        await watch(api, await api.start(dataset, "ask_question", question="What is the mean body mass by species?"))
        await watch(api, await api.start(dataset, "test_trouble", kind="raise"))
        cancelled = await api.start(dataset, "test_gate", gate=str(gate.folder))
        await gate.reached()
        await api.ask("DELETE", f"/api/run/{cancelled}")
        await watch(api, cancelled)
        code = "import time\nprint('x', flush=True)\nwhile True: time.sleep(1)"
        interrupted = await api.start(dataset, "code", code=code)
        watching = asyncio.create_task(watch(api, interrupted))
        log = api.get(f"/api/run/{interrupted}/events", headers={"Accept": "application/x-ndjson"})
        printed = asyncio.create_task(log)
        async with http.get(f"/api/run/{interrupted}/events") as stream:
            async for line in stream.content:
                if b"event: output.delta" in line:
                    break
        assert await process.stop(signal.SIGTERM) == 0
        await asyncio.gather(watching, printed)
    async with server(tmp_path / "data") as process, aiohttp.ClientSession(process.url) as http:
        await watch(Api(http), interrupted, "lost:1")
    return said


async def test_what_the_server_says_has_the_fields_of_the_examples(tmp_path: Path, penguins: Path) -> None:
    said = await _everything_said(tmp_path, penguins)
    assert {event["type"] for event in said} == set(EXAMPLES)
    for event in said:
        EVENT.validate_python(event)
        assert set(event) == set(EXAMPLES[event["type"]]), event["type"]
        for name in ("summary", "progress"):
            if event.get(name):
                assert set(event[name]) == set(EXAMPLES[event["type"]][name])


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
async def test_the_recipe_of_curl_works_as_printed(api: Api, served: Served, tmp_path: Path) -> None:
    found = re.search(r"```bash\n(.*?)```", REFERENCE, re.DOTALL)
    assert found
    dataset = await api.dataset(TABLE)
    run, other = [await api.start(dataset, "test_parts") for _ in range(2)]
    shell = await asyncio.create_subprocess_exec(
        *("bash", "-euo", "pipefail", "-c", found[1]),
        env={"PATH": "/usr/bin:/bin", "at": served.url, "here": str(tmp_path), "run": run, "other": other},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    out, err = (content.decode() for content in await shell.communicate())
    assert (shell.returncode, err) == (0, "")
    lines, again, both = out.partition("retry: ")[0], out.split("retry: ")[1], out.split("retry: ")[2]
    assert [json.loads(line)["type"] for line in lines.splitlines()][-1] == "run.completed"
    assert re.findall(r"^event: (.*)$", again, re.MULTILINE) == ["run.completed"]
    assert both.count("event: run.completed") == 2


@pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")
async def test_the_page_watches_a_run_in_a_real_browser(tmp_path: Path) -> None:
    host = web.Application()
    host.router.add_static("/", ROOT / "examples")
    async with serving(host) as pages:
        settings = Settings(data_dir=tmp_path / "data", workers=1, jail_standbys=0, cors_origins=(pages,))
        async with serving(create_app(settings)) as url:
            browser = await asyncio.create_subprocess_exec(
                *(str(CHROMIUM), "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"),
                *(f"--user-data-dir={tmp_path / 'profile'}", "--virtual-time-budget=20000", "--dump-dom"),
                f"{pages}/watch.html?demo=1&server={quote(url)}",
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
            shown = (await browser.communicate())[0].decode()
    assert re.search(r'<p id="status">Completed in [\d.]+ s</p>', shown), shown[-1500:]
    assert sorted(re.findall(r"<li>(.*?)</li>", shown)) == ["city", "people"]
    assert re.search(r'<progress id="progress" value="2" max="2">', shown)
