"""Chat completions as OpenAI defined them and Ollama, vLLM, llama.cpp, OpenRouter and others speak them."""

import json
import re
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

import aiohttp

from analyzer.llm.base import Capabilities, Chunk, Finish, ModelRequest, ProviderFailed, Usage, guessed_tokens
from analyzer.settings import Settings

HOME = "https://api.openai.com/v1"
CONNECTING_SECONDS = 10
MOST_SHOWN = 300
MOST_LINE_BYTES = 1024 * 1024
HTTP_ERRORS = 400
AGAIN = {408, 409, 425, 429}
SERVER_ERRORS = 500

FINISHES = {"stop": Finish.DONE, "length": Finish.LENGTH, "content_filter": Finish.REFUSED}
JSON = "application/json"


def open_provider(settings: Settings, model: str) -> "OpenAI":
    """The server of completions that these settings name."""
    key = settings.openai_api_key
    return OpenAI(settings.llm_endpoint or HOME, model, key.get_secret_value() if key else None)


def completions_url(endpoint: str) -> str:
    """The address of the completions: a base URL may be given with or without `/v1`, or whole."""
    url = endpoint if "://" in endpoint else f"http://{endpoint}"
    url = url.rstrip("/")
    if url.endswith("/chat/completions"):
        return url
    return f"{url}/chat/completions" if urlsplit(url).path else f"{url}/v1/chat/completions"


class OpenAI:
    """See `llm.base.Provider` for its promises."""

    def __init__(self, endpoint: str, model: str, key: str | None) -> None:
        self._url = completions_url(endpoint)
        self._model = model
        self._key = key
        self._http: aiohttp.ClientSession | None = None

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities("openai", self._model, counts_tokens=False)

    async def count_tokens(self, request: ModelRequest) -> int:
        return guessed_tokens(request.text)

    async def stream(self, request: ModelRequest) -> AsyncGenerator[Chunk, None]:
        try:
            # Leaving the context closes the connection unless the reply was read to its end.
            async with self._session().post(self._url, json=self._body(request)) as answer:
                if answer.status >= HTTP_ERRORS:
                    raise await _refusal(answer)
                if answer.content_type == JSON:  # also from those that were asked to stream and cannot
                    yield _whole(await answer.json())
                    return
                async for document in _events(answer):
                    yield _chunk(document)
        except (aiohttp.ClientError, TimeoutError, OSError) as failure:
            raise ProviderFailed(f"openai at {self._url} failed: {_named(failure)}.", again=True) from failure
        except (ValueError, LookupError, TypeError, AttributeError) as failure:
            raise ProviderFailed(f"openai at {self._url} answered what is no completion.", again=False) from failure

    async def aclose(self) -> None:
        if self._http is not None:
            await self._http.close()

    def _session(self) -> aiohttp.ClientSession:
        if self._http is None:
            headers = {"User-Agent": "analyzer"}
            if self._key:
                headers["Authorization"] = f"Bearer {self._key}"
            timeout = aiohttp.ClientTimeout(total=None, sock_connect=CONNECTING_SECONDS)
            self._http = aiohttp.ClientSession(headers=headers, timeout=timeout, read_bufsize=MOST_LINE_BYTES)
        return self._http

    def _body(self, request: ModelRequest) -> dict[str, Any]:
        messages = [{"role": "system", "content": request.system}]
        messages += [{"role": message.role, "content": message.text} for message in request.messages]
        body: dict[str, Any] = {"model": self._model, "messages": messages, "max_tokens": request.max_output_tokens}
        if request.streaming:
            body |= {"stream": True, "stream_options": {"include_usage": True}}
        return body | {"temperature": 0}


async def _events(answer: aiohttp.ClientResponse) -> AsyncIterator[dict[str, Any]]:
    """The documents of an event stream, up to its `[DONE]`."""
    async for line in answer.content:
        if line.startswith(b"data:"):
            said = line[5:].strip()
            if said == b"[DONE]":
                return
            yield json.loads(said)


def _chunk(document: dict[str, Any]) -> Chunk:
    if "error" in document:
        raise ProviderFailed(f"openai broke off: {_message(document)}.", again=True)
    choices = document.get("choices") or [{}]
    delta = choices[0].get("delta") or {}
    finish, why = _finish(choices[0], delta)
    return Chunk(delta.get("content") or "", _usage(document), finish, why)


def _whole(document: dict[str, Any]) -> Chunk:
    choice = document["choices"][0]
    finish, why = _finish(choice, choice["message"])
    return Chunk(choice["message"].get("content") or "", _usage(document), finish or Finish.DONE, why)


def _finish(choice: dict[str, Any], said: dict[str, Any]) -> tuple[Finish | None, str]:
    if said.get("refusal"):
        return Finish.REFUSED, str(said["refusal"])[:MOST_SHOWN]
    reason = choice.get("finish_reason")
    return (FINISHES.get(reason, Finish.DONE) if reason else None), ""


def _usage(document: dict[str, Any]) -> Usage | None:
    told = document.get("usage")
    if not told:
        return None
    return Usage(int(told.get("prompt_tokens", 0)), int(told.get("completion_tokens", 0)))


async def _refusal(answer: aiohttp.ClientResponse) -> ProviderFailed:
    text = (await answer.content.read(MOST_LINE_BYTES)).decode("utf-8", "replace")
    try:
        text = _message(json.loads(text))
    except (ValueError, TypeError, AttributeError):
        text = text.strip()[:MOST_SHOWN]
    after = None
    with suppress(KeyError, ValueError):  # a date, or nothing
        after = float(answer.headers["Retry-After"])
    again = answer.status in AGAIN or answer.status >= SERVER_ERRORS
    said = f": {without_keys(text)}" if text else ""
    message = f"openai at {answer.url} answered {answer.status} {answer.reason}{said}."
    return ProviderFailed(message, again=again, after_seconds=after)


def _message(document: dict[str, Any]) -> str:
    error = document.get("error", document)
    text = error.get("message", "") if isinstance(error, dict) else str(error)
    return str(text)[:MOST_SHOWN].rstrip(".")


def without_keys(text: str) -> str:
    """The text without what looks like a key: some providers repeat the one they did not like."""
    return re.sub(r"\b(sk-|AIza|Bearer )[\w*.-]+", r"\1…", text)


def _named(failure: BaseException) -> str:
    return str(failure) or type(failure).__name__
