"""Gemini through google-generativeai, over grpc.aio. The default where its key is set.

The SDK is frozen, and its own front door keeps one configuration for the whole process, which may be a host's. So this
takes the SDK's client and messages and leaves that configuration alone.
"""

import asyncio
import importlib
import warnings
from collections.abc import AsyncGenerator
from typing import Any

from analyzer.errors import ModelNotConfigured
from analyzer.llm.base import Capabilities, Chunk, Finish, ModelRequest, ProviderFailed, Usage
from analyzer.settings import Settings

HOME = "generativelanguage.googleapis.com"
MOST_SHOWN = 300

FINISHES = {"STOP": Finish.DONE, "MAX_TOKENS": Finish.LENGTH}
UNSAID = ("FINISH_REASON_UNSPECIFIED", "BLOCK_REASON_UNSPECIFIED")
AGAIN = {"UNAVAILABLE", "RESOURCE_EXHAUSTED", "DEADLINE_EXCEEDED", "INTERNAL", "UNKNOWN", "ABORTED"}


def open_provider(settings: Settings, model: str) -> "Gemini":
    """Gemini over gRPC, as these settings say."""
    key = settings.gemini_api_key
    return Gemini(settings.llm_endpoint or HOME, model, key.get_secret_value() if key else "")


class Gemini:
    """See `llm.base.Provider` for its promises."""

    def __init__(self, endpoint: str, model: str, key: str) -> None:
        self._endpoint = endpoint.partition("://")[2] or endpoint
        self._model = model
        self._key = key
        self._client: Any = None
        self._opening = asyncio.Lock()

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities("gemini", self._model, counts_tokens=True)

    async def stream(self, request: ModelRequest) -> AsyncGenerator[Chunk, None]:
        client, messages = await self._opened()
        call = None
        try:
            ask = client.stream_generate_content if request.streaming else client.generate_content
            # The SDK's own retries and deadlines would hide from us how a call goes.
            call = await ask(_generation(messages, self._model, request), retry=None, timeout=None)
            if request.streaming:
                async for piece in call:
                    yield _chunk(piece)
            else:
                yield _chunk(call)
        except _call_errors() as failure:
            raise self._failed(failure) from failure
        finally:
            if request.streaming and call is not None:
                call.cancel()

    async def count_tokens(self, request: ModelRequest) -> int:
        client, messages = await self._opened()
        # Instructions are counted as if they were said: those of this method do not take them apart from the rest.
        wanted = messages.CountTokensRequest(
            model=f"models/{self._model}",
            contents=[_content(messages, "user", request.system), *_said(messages, request)],
        )
        try:
            return int((await client.count_tokens(wanted, retry=None, timeout=None)).total_tokens)
        except _call_errors() as failure:
            raise self._failed(failure) from failure

    async def aclose(self) -> None:
        if self._client is not None:
            await self._client.transport.close()

    async def _opened(self) -> tuple[Any, Any]:
        """The client and the module of its messages."""
        async with self._opening:
            # Importing takes half a second; the client is made here, since it belongs to the loop that makes it.
            sdk = await asyncio.to_thread(_imported)
            if self._client is None:
                options = {"api_endpoint": self._endpoint, "api_key": self._key or "none"}
                self._client = sdk.GenerativeServiceAsyncClient(transport="grpc_asyncio", client_options=options)
        return self._client, sdk

    def _failed(self, failure: Any) -> ProviderFailed:
        status = getattr(failure.grpc_status_code, "name", "") or str(failure.code)
        said = str(failure.message)[:MOST_SHOWN].rstrip(".")
        message = f"gemini at {self._endpoint} answered {status}: {said}."
        return ProviderFailed(message, again=status in AGAIN, after_seconds=_advised(failure))


def _imported() -> Any:
    """The SDK's client and messages. Raises ModelNotConfigured."""
    try:
        with warnings.catch_warnings():
            # It says on import that it is no longer developed, which is known and nothing a user can change.
            warnings.simplefilter("ignore", FutureWarning)
            importlib.import_module("google.generativeai")
            return importlib.import_module("google.ai.generativelanguage_v1beta")
    except ImportError as failure:
        raise ModelNotConfigured(
            f"The provider gemini needs google-generativeai, which is not installed: pip install 'analyzer[gemini]'. "
            f"({failure})"
        ) from None


def _call_errors() -> Any:
    return importlib.import_module("google.api_core.exceptions").GoogleAPICallError


def _generation(messages: Any, model: str, request: ModelRequest) -> Any:
    return messages.GenerateContentRequest(
        model=f"models/{model}",
        system_instruction=_content(messages, "user", request.system),
        contents=_said(messages, request),
        generation_config=messages.GenerationConfig(
            candidate_count=1, max_output_tokens=request.max_output_tokens, temperature=0
        ),
    )


def _said(messages: Any, request: ModelRequest) -> list[Any]:
    roles = {"user": "user", "assistant": "model"}
    return [_content(messages, roles[message.role], message.text) for message in request.messages]


def _content(messages: Any, role: str, text: str) -> Any:
    return messages.Content(role=role, parts=[messages.Part(text=text)])


def _chunk(response: Any) -> Chunk:
    blocked = response.prompt_feedback.block_reason.name
    if blocked not in UNSAID:
        return Chunk(finish=Finish.REFUSED, why=f"It blocked the question: {blocked}.")
    finish, why, text = None, "", ""
    for candidate in list(response.candidates)[:1]:  # a slice would have other types
        text = "".join(part.text for part in candidate.content.parts)
        reason = candidate.finish_reason.name
        if reason not in UNSAID:
            finish = FINISHES.get(reason, Finish.REFUSED)
            why = f"It ended the reply: {reason}." if finish is Finish.REFUSED else ""
    counted = response.usage_metadata
    usage = _usage(counted) if counted.total_token_count else None
    return Chunk(text, usage, finish, why)


def _usage(counted: Any) -> Usage:
    # What a model thinks before it speaks is paid for as output, and stands only in the total.
    return Usage(counted.prompt_token_count, counted.total_token_count - counted.prompt_token_count)


def _advised(failure: Any) -> float | None:
    """How long the peer wants to be left alone."""
    for detail in failure.details or ():
        if (delay := getattr(detail, "retry_delay", None)) is not None:
            return float(delay.seconds + delay.nanos / 1e9)
    return None
