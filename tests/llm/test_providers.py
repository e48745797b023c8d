"""The contract of every model provider, kept against peers that speak its protocol."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
import pytest_asyncio

from analyzer import Analyzer, Settings
from analyzer.errors import ModelNotConfigured, ModelRefused, ModelUnavailable
from analyzer.llm import PROVIDERS, opened
from analyzer.llm.base import Chunk, Finish, Message, ModelRequest, Usage
from analyzer.llm.calling import Caller, Patience
from analyzer.models import RunStatus
from tests.llm.peers import CUT, HANG, LENGTH, REFUSE, Act, Peer
from tests.waiting import until

EXCHANGE = (Message("user", "first"), Message("assistant", "reply"), Message("user", "Grüße, 企鹅 🐧"))
ASKED = ModelRequest("Be brief.", EXCHANGE, max_output_tokens=500)
WHOLE = ModelRequest("Be brief.", EXCHANGE, max_output_tokens=500, streaming=False)
PATIENT = Patience(silence_seconds=30, total_seconds=60, first_pause_seconds=0)


@pytest_asyncio.fixture
async def caller(peer: Peer) -> AsyncIterator[Caller]:
    caller = Caller(opened(peer.settings()), PATIENT, at_once=8)
    yield caller
    await caller.aclose()


async def _read(caller: Caller, request: ModelRequest = ASKED) -> list[Chunk]:
    async with caller.reply(request) as chunks:
        return [chunk async for chunk in chunks]


def _text(chunks: list[Chunk]) -> str:
    return "".join(chunk.text for chunk in chunks)


async def test_a_reply_comes_in_pieces_and_tells_its_tokens(peer: Peer, caller: Caller) -> None:
    peer.script.append(Act(("Two ", "penguins 🐧", ".\n")))
    chunks = await _read(caller)
    assert [chunk.text for chunk in chunks] == ["Two ", "penguins 🐧", ".\n", ""]
    assert chunks[-1] == Chunk(usage=Usage(11, 7), finish=Finish.DONE)
    seen = peer.seen[0]
    assert (seen.system, seen.streaming, seen.most_tokens, seen.key) == ("Be brief.", True, 500, "a-secret-key")
    assert seen.messages == [(message.role, message.text) for message in EXCHANGE]


async def test_a_reply_comes_whole_where_streaming_is_off(peer: Peer, caller: Caller) -> None:
    peer.script.append(Act(("Two ", "penguins.")))
    chunks = await _read(caller, WHOLE)
    assert chunks == [Chunk("Two penguins."), Chunk(usage=Usage(11, 7), finish=Finish.DONE)]
    assert not peer.seen[0].streaming


async def test_a_reply_that_met_its_limit_says_so(peer: Peer, caller: Caller) -> None:
    peer.script.append(Act(("Two",), LENGTH))
    assert (await _read(caller))[-1].finish is Finish.LENGTH


@pytest.mark.parametrize("request_", [ASKED, WHOLE], ids=["streaming", "whole"])
@pytest.mark.parametrize("status", [429, 500, 503])
async def test_what_may_pass_is_tried_again(peer: Peer, caller: Caller, status: int, request_: ModelRequest) -> None:
    peer.script.extend([Act(fail=status), Act(fail=status), Act(("well",))])
    assert _text(await _read(caller, request_)) == "well"
    assert len(peer.seen) == 3


async def test_a_peer_that_stays_ill_is_given_up_with_what_was_tried(peer: Peer, caller: Caller) -> None:
    peer.script.extend([Act(fail=503, told="overloaded")] * 4)
    with pytest.raises(ModelUnavailable, match="4 times") as failure:
        await _read(caller)
    assert len(failure.value.more["tried"]) == 4
    assert all(
        "overloaded" in line and "503" in line.replace("UNAVAILABLE", "503") for line in failure.value.more["tried"]
    )


@pytest.mark.parametrize("status", [400, 401])
async def test_what_will_not_pass_is_not_tried_again(peer: Peer, caller: Caller, status: int) -> None:
    peer.script.append(Act(fail=status, told="bad a-secret-key sk-12345"))
    with pytest.raises(ModelUnavailable, match="once"):
        await _read(caller)
    assert len(peer.seen) == 1


async def test_what_was_said_is_not_taken_back(peer: Peer, caller: Caller) -> None:
    peer.script.append(Act(("Two peng",), CUT))
    async with caller.reply(ASKED) as chunks:
        assert (await anext(chunks)).text == "Two peng"
        with pytest.raises(ModelUnavailable, match="8 characters had come"):
            await anext(chunks)
    assert len(peer.seen) == 1


async def test_a_cut_before_the_first_word_is_tried_again(peer: Peer, caller: Caller) -> None:
    peer.script.extend([Act((), CUT), Act(("well",))])
    assert _text(await _read(caller)) == "well"


async def test_a_refusal_is_told_and_not_tried_again(peer: Peer, caller: Caller) -> None:
    peer.script.append(Act((), REFUSE))
    with pytest.raises(ModelRefused):
        await _read(caller)
    assert len(peer.seen) == 1


async def test_silence_is_given_up(peer: Peer) -> None:
    peer.script.extend([Act((), HANG)] * 2)
    caller = Caller(opened(peer.settings()), Patience(0.2, 60, tries=2, first_pause_seconds=0), at_once=1)
    with pytest.raises(ModelUnavailable, match="silent"):
        await _read(caller)
    await asyncio.gather(*(seen.ended.wait() for seen in peer.seen))
    await caller.aclose()


async def test_a_cancelled_call_ends_at_the_peer(peer: Peer, caller: Caller) -> None:
    peer.script.append(Act(("Two",), HANG))
    reading = asyncio.create_task(_read(caller))
    await until(lambda: peer.seen and peer.seen[0].said.is_set())
    assert not peer.seen[0].ended.is_set()
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    await peer.seen[0].ended.wait()


async def test_a_call_that_is_left_ends_at_the_peer(peer: Peer, caller: Caller) -> None:
    peer.script.append(Act(("Two",), HANG))
    async with caller.reply(ASKED) as chunks:
        assert (await anext(chunks)).text == "Two"
    await peer.seen[0].ended.wait()


async def test_calls_go_side_by_side_and_not_more_than_may(peer: Peer) -> None:
    peer.script.extend([Act(("a",), HANG), Act(("b",), HANG), Act(("c",))])
    caller = Caller(opened(peer.settings()), PATIENT, at_once=2)
    first, second, third = [asyncio.create_task(_read(caller)) for _ in range(3)]
    await until(lambda: len(peer.seen) == 2 and all(seen.said.is_set() for seen in peer.seen))
    assert len(peer.seen) == 2
    first.cancel()
    assert _text(await third) == "c"
    second.cancel()
    await asyncio.gather(first, second, return_exceptions=True)
    await caller.aclose()


async def test_tokens_are_counted_beforehand(peer: Peer, caller: Caller) -> None:
    provider = caller.provider
    tokens = await provider.count_tokens(ASKED)
    assert tokens == (4 if provider.capabilities.counts_tokens else len(ASKED.text) // 3 + 1)


async def test_nobody_at_the_address_is_unavailable(peer: Peer) -> None:
    settings = peer.settings(llm_endpoint=peer.endpoint.replace(str(peer.port), "9"))
    caller = Caller(opened(settings), Patience(5, 10, tries=2, first_pause_seconds=0), at_once=1)
    with pytest.raises(ModelUnavailable, match="2 times"):
        await _read(caller)
    await caller.aclose()


# --- without a peer ---------------------------------------------------------------------------------------------------


def test_without_a_key_it_is_said_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GEMINI_API_KEY", "GOOGLE_API_KEY", "OPENAI_API_KEY", "ANALYZER_LLM"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(ModelNotConfigured, match="GEMINI_API_KEY"):
        opened(Settings())
    with pytest.raises(ModelNotConfigured, match="OPENAI_API_KEY"):
        opened(Settings(llm="openai"))
    with pytest.raises(ModelNotConfigured, match="There is no provider 'nonsense'"):
        opened(Settings(llm="nonsense"))
    with pytest.raises(ModelNotConfigured, match="none"):
        opened(Settings(llm="none"))


def test_the_key_chooses_the_provider(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GEMINI_API_KEY", "OPENAI_API_KEY", "ANALYZER_LLM"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GOOGLE_API_KEY", "canary-1")
    monkeypatch.setenv("OPENAI_API_KEY", "canary-2")
    settings = Settings()
    assert opened(settings).capabilities.provider == "gemini"
    assert opened(Settings(gemini_api_key=None)).capabilities.provider == "openai"
    assert "canary" not in repr(settings) + str(settings.model_dump()) + settings.model_dump_json()


def test_every_provider_opens_without_its_sdk_being_imported() -> None:
    for name in PROVIDERS:
        provider = opened(Settings(llm=name, gemini_api_key="k", openai_api_key="k"))
        assert provider.capabilities.provider == name


async def test_the_scripted_model_says_its_script(tmp_path: Path) -> None:
    script = tmp_path / "script.json"
    script.write_text(json.dumps({"lines": [{"when": "heavy", "say": ["one", "two"]}]}))
    caller = Caller(opened(Settings(llm="scripted", llm_endpoint=str(script))), PATIENT, at_once=1)
    question = Message("user", 'Wanted: answer\nQuestion: "How heavy?"')
    first = ModelRequest("", (question,), 100)
    again = ModelRequest("", (question, Message("assistant", "one"), Message("user", "That failed.")), 100)
    assert [_text(await _read(caller, request)) for request in (first, again, first)] == ["one", "two", "one"]
    await caller.aclose()


async def test_a_run_that_is_cancelled_ends_its_call(
    peer: Peer, make_settings: Callable[..., Settings], penguins: Path
) -> None:
    peer.script.append(Act(("Let me",), HANG))
    told = peer.settings().model_dump(include={"llm", "llm_model", "llm_endpoint", "gemini_api_key", "openai_api_key"})
    async with Analyzer(make_settings(**told)) as analyzer:
        file_id = (await analyzer.add_dataset(penguins)).id
        run = await analyzer.submit(file_id, "ask_question", {"question": "how many"})
        async for event in analyzer.events(run.id):
            if event.type == "text.delta":
                await analyzer.cancel(run.id)
        await peer.seen[0].ended.wait()
        assert (await analyzer.run(run.id)).status is RunStatus.CANCELLED
        assert "a-secret-key" not in (await analyzer.prompts_json(run.id)).decode()


async def test_a_run_tells_what_was_tried(peer: Peer, make_settings: Callable[..., Settings], penguins: Path) -> None:
    peer.script.append(Act(fail=400, told="no such model"))
    told = peer.settings().model_dump(include={"llm", "llm_model", "llm_endpoint", "gemini_api_key", "openai_api_key"})
    async with Analyzer(make_settings(**told)) as analyzer:
        file_id = (await analyzer.add_dataset(penguins)).id
        run = await analyzer.submit(file_id, "ask_question", {"question": "how many"})
        error = [event async for event in analyzer.events(run.id)][-1].data["error"]
    assert error["type"] == "/problems/model-unavailable"
    assert len(error["tried"]) == 1
    assert "no such model" in error["tried"][0]
