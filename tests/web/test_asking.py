"""Questions to a model, over HTTP."""

import json
from collections.abc import Callable
from pathlib import Path

import aiohttp
import pytest

from analyzer import Settings, create_app
from tests.api import Api
from tests.conftest import serving


async def test_the_prompts_of_a_run_can_be_read_by_its_owner_alone(
    make_settings: Callable[..., Settings], penguins: Path
) -> None:
    async with serving(create_app(make_settings(llm="scripted"))) as url, aiohttp.ClientSession(url) as http:
        api = Api(http, {"X-Session-ID": "mine"})
        file_id = await api.dataset(penguins)
        run_id = await api.start(file_id, "ask_question", question="What is the mean body mass?")
        await api.watch(run_id)
        answer = await api.get(f"/api/run/{run_id}/prompt")
        assert answer.status == 200
        (call,) = answer.json["calls"]
        assert '"What is the mean body mass?"' in call["messages"][-1]["text"]
        assert (await api.result(run_id))["answer"] == "The mean of body_mass_g is 4201.75."
        other = Api(http, {"X-Session-ID": "another"})
        (await other.get(f"/api/run/{run_id}/prompt")).problem(404, "unknown-run")
        summary = await api.start(file_id, "eda_statistical_summary")
        await api.watch(summary)
        assert (await api.get(f"/api/run/{summary}/prompt")).json == {"calls": []}


async def test_without_a_model_a_question_is_refused_and_all_else_works(
    make_settings: Callable[..., Settings], penguins: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("GEMINI_API_KEY", "GOOGLE_API_KEY", "OPENAI_API_KEY", "ANALYZER_LLM"):
        monkeypatch.delenv(name, raising=False)
    async with serving(create_app(make_settings())) as url, aiohttp.ClientSession(url) as http:
        api = Api(http)
        file_id = await api.dataset(penguins)
        for task_id in ("ask_question", "ask_chart", "ask_transform", "ask_plan"):
            body = {"file_id": file_id, "task_id": task_id, "params": {"question": "How many?"}}
            problem = (await api.ask("POST", "/api/run", json=body)).problem(503, "model-not-configured")
            assert "GEMINI_API_KEY" in problem["detail"]
        run_id = await api.start(file_id, "code", code="len(df)")
        await api.watch(run_id)
        assert (await api.result(run_id))["value"] == 344
        assert not json.loads((await api.get("/api/runs")).body)["runs"][1:]


async def test_a_question_that_goes_on_is_cancelled_like_any_run(
    make_settings: Callable[..., Settings], penguins: Path, tmp_path: Path
) -> None:
    script = tmp_path / "slow.json"
    script.write_text(json.dumps({"pause_seconds": 5, "lines": [{"when": "slow", "say": ["word " * 1000]}]}))
    settings = make_settings(llm="scripted", llm_endpoint=str(script))
    async with serving(create_app(settings)) as url, aiohttp.ClientSession(url) as http:
        api = Api(http)
        run_id = await api.start(await api.dataset(penguins), "ask_question", question="slow")
        assert (await api.ask("DELETE", f"/api/run/{run_id}")).status == 202
        assert [event.type for event in await api.watch(run_id)][-1] == "run.cancelled"
        (await api.get(f"/api/run/{run_id}/result")).problem(409, "no-result")
