"""Gemini through google-genai, the successor of google-generativeai, over REST."""

import asyncio
import importlib
from collections.abc import AsyncGenerator
from contextlib import aclosing
from contextvars import ContextVar
from typing import Any

import aiohttp

from analyzer.errors import ModelNotConfigured
from analyzer.llm.base import Capabilities, Chunk, Finish, ModelRequest, ProviderFailed, Usage
from analyzer.settings import Settings

CONNECTING_SECONDS = 10
MOST_SHOWN = 300
AGAIN = {408, 429}
SERVER_ERRORS = 500

_ANSWERS: ContextVar[list[aiohttp.ClientResponse]] = ContextVar("_ANSWERS")

FINISHES = {"STOP": Finish.DONE, "MAX_TOKENS": Finish.LENGTH}
UNSAID = ("FINISH_REASON_UNSPECIFIED", "BLOCKED_REASON_UNSPECIFIED")


def open_provider(settings: Settings, model: str) -> "Google":
    """Gemini over REST, as these settings say."""
    key = settings.gemini_api_key
    return Google(settings.llm_endpoint, model, key.get_secret_value() if key else "none")


class Google:
    """See `llm.base.Provider` for its promises."""

    def __init__(self, endpoint: str | None, model: str, key: str) -> None:
        self._endpoint = endpoint if endpoint is None or "://" in endpoint else f"https://{endpoint}"
        self._model = model
        self._key = key
        self._client: Any = None
        self._http: aiohttp.ClientSession | None = None
        self._opening = asyncio.Lock()

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities("google", self._model, counts_tokens=True)

    async def stream(self, request: ModelRequest) -> AsyncGenerator[Chunk, None]:
        models, types = await self._opened()
        asked: dict[str, Any] = {
            "model": self._model,
            "contents": _said(types, request),
            "config": types.GenerateContentConfig(
                system_instruction=request.system,
                candidate_count=1,
                max_output_tokens=request.max_output_tokens,
                temperature=0,
            ),
        }
        answers: list[aiohttp.ClientResponse] = []
        _ANSWERS.set(answers)
        try:
            if not request.streaming:
                yield _chunk(await models.generate_content(**asked))
                return
            async with aclosing(await models.generate_content_stream(**asked)) as pieces:
                async for piece in pieces:
                    yield _chunk(piece)
        except (aiohttp.ClientError, TimeoutError, OSError) as failure:
            said = str(failure) or type(failure).__name__
            raise ProviderFailed(f"google failed: {said}.", again=True) from failure
        except _errors().APIError as failure:
            raise self._failed(failure) from failure
        except (ValueError, TypeError, LookupError, AttributeError) as failure:
            raise ProviderFailed("google answered what is no reply of a model.", again=False) from failure
        finally:
            for answer in answers:
                answer.close()

    async def count_tokens(self, request: ModelRequest) -> int:
        models, types = await self._opened()
        try:
            said = [types.Content(role="user", parts=[types.Part(text=request.system)]), *_said(types, request)]
            counted = await models.count_tokens(model=self._model, contents=said)
            return int(counted.total_tokens or 0)
        except (aiohttp.ClientError, TimeoutError, OSError) as failure:
            raise ProviderFailed(f"google failed: {failure or type(failure).__name__}.", again=True) from failure
        except _errors().APIError as failure:
            raise self._failed(failure) from failure

    async def aclose(self) -> None:
        if self._client is not None:
            await self._client.aio.aclose()
            await asyncio.to_thread(self._client.close)
        if self._http is not None:
            await self._http.close()

    async def _opened(self) -> tuple[Any, Any]:
        """The asynchronous models of the client, and the module of its types."""
        async with self._opening:
            types = await asyncio.to_thread(_imported, "google.genai.types")
            if self._client is None:
                # A session of our own, since the SDK leaves an answer open that is not read to its end.
                self._http = self._http or _watched_session()
                options = types.HttpOptions(
                    base_url=self._endpoint,
                    aiohttp_client=self._http,
                    retry_options=types.HttpRetryOptions(attempts=1),  # tried again by us, and told
                )
                self._client = await asyncio.to_thread(self._made, options)
        return self._client.aio.models, types

    def _made(self, options: Any) -> Any:
        return _imported("google.genai").Client(api_key=self._key, vertexai=False, http_options=options)

    def _failed(self, failure: Any) -> ProviderFailed:
        said = str(failure.message or failure.status or "")[:MOST_SHOWN].rstrip(".")
        again = failure.code in AGAIN or failure.code >= SERVER_ERRORS
        return ProviderFailed(f"google answered {failure.code}: {said}.", again=again)


def _watched_session() -> aiohttp.ClientSession:
    timeout = aiohttp.ClientTimeout(total=None, sock_connect=CONNECTING_SECONDS)
    watching = aiohttp.TraceConfig()
    watching.on_request_end.append(_note_answer)
    return aiohttp.ClientSession(timeout=timeout, trace_configs=[watching])


async def _note_answer(session: aiohttp.ClientSession, context: Any, end: aiohttp.TraceRequestEndParams) -> None:
    """Keep the answer for the call that waits for it; a counting call has nobody waiting."""
    _ANSWERS.get([]).append(end.response)


def _imported(module: str) -> Any:
    try:
        return importlib.import_module(module)
    except ImportError as failure:
        raise ModelNotConfigured(
            f"The provider google needs google-genai, which is not installed: pip install 'analyzer[google]'. "
            f"({failure})"
        ) from None


def _errors() -> Any:
    return importlib.import_module("google.genai.errors")


def _said(types: Any, request: ModelRequest) -> list[Any]:
    roles = {"user": "user", "assistant": "model"}
    return [
        types.Content(role=roles[message.role], parts=[types.Part(text=message.text)]) for message in request.messages
    ]


def _chunk(response: Any) -> Chunk:
    feedback = response.prompt_feedback
    if feedback is not None and feedback.block_reason and feedback.block_reason.name not in UNSAID:
        return Chunk(finish=Finish.REFUSED, why=f"It blocked the question: {feedback.block_reason.name}.")
    finish, why, text = None, "", ""
    for candidate in (response.candidates or [])[:1]:
        parts = candidate.content.parts if candidate.content else None
        text = "".join(part.text or "" for part in parts or ())
        if candidate.finish_reason and candidate.finish_reason.name not in UNSAID:
            finish = FINISHES.get(candidate.finish_reason.name, Finish.REFUSED)
            why = f"It ended the reply: {candidate.finish_reason.name}." if finish is Finish.REFUSED else ""
    counted, usage = response.usage_metadata, None
    if counted is not None and counted.total_token_count:
        asked = counted.prompt_token_count or 0
        usage = Usage(asked, counted.total_token_count - asked)  # what it thought is paid for too
    return Chunk(text, usage, finish, why)
