"""Calls to a model as the rest of the house makes them: few at once, each within its time, tried again while that may
help, and ended for good when nobody wants the reply any more.
"""

import asyncio
import logging
import random
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from dataclasses import dataclass, replace

from analyzer.errors import ModelRefused, ModelUnavailable
from analyzer.llm.base import Chunk, Finish, ModelRequest, Provider, ProviderFailed, Usage, guessed_tokens

log = logging.getLogger("analyzer.llm")

MAX_TRIES = 4
FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 20.0
MOST_CHARACTERS_PER_TOKEN = 16  # a reply that is longer than its tokens can be is not what was asked for


@dataclass(frozen=True)
class Patience:
    """How long a call may take, and how often it is tried."""

    silence_seconds: float  # before the first chunk and between two
    total_seconds: float
    tries: int = MAX_TRIES
    first_pause_seconds: float = FIRST_PAUSE_SECONDS


class Caller:
    """Calls one provider.

    A call is tried again after 429, 5xx and lost connections, but only before its first text: what has been shown is
    not taken back. `reply` raises ModelUnavailable with what was `tried`, or ModelRefused.
    """

    def __init__(self, provider: Provider, patience: Patience, at_once: int) -> None:
        self.provider = provider
        self._patience = patience
        self._places = asyncio.Semaphore(at_once)

    @asynccontextmanager
    async def reply(self, request: ModelRequest) -> AsyncIterator[AsyncIterator[Chunk]]:
        """The chunks of the reply. Leaving the context ends the call, however far it is."""
        async with AsyncExitStack() as opened:
            await opened.enter_async_context(self._places)
            yield await opened.enter_async_context(aclosing(self._chunks(request)))

    async def aclose(self) -> None:
        await self.provider.aclose()

    async def _chunks(self, request: ModelRequest) -> AsyncGenerator[Chunk, None]:
        tried: list[str] = []
        while True:
            said = 0
            try:
                async with aclosing(self._once(request)) as chunks:
                    async for chunk in chunks:
                        said += len(chunk.text)
                        yield chunk
                return
            except (ProviderFailed, TimeoutError) as failure:
                tried.append(self._told(failure, said))
                log.warning("a call to the model failed: %s", tried[-1], extra={"try": len(tried)})
                again = isinstance(failure, TimeoutError) or failure.again
                if said or not again or len(tried) >= self._patience.tries:
                    raise self._unavailable(tried) from failure
                await asyncio.sleep(self._pause(len(tried), failure))

    async def _once(self, request: ModelRequest) -> AsyncGenerator[Chunk, None]:
        """One try: its chunks, the last of which tells the usage and why the reply ended."""
        text, ended, usage = "", None, None
        clock = asyncio.get_running_loop().time
        latest = clock() + self._patience.total_seconds
        async with aclosing(self.provider.stream(request)) as chunks:
            while True:
                # Around each wait and not around the loop: at a `yield` it would hit the reader's own waiting.
                async with asyncio.timeout_at(min(clock() + self._patience.silence_seconds, latest)):
                    chunk = await anext(chunks, None)
                if chunk is None:
                    break
                text, usage = text + chunk.text, chunk.usage or usage
                if chunk.finish is Finish.REFUSED:
                    raise ModelRefused(f"The provider of {self._name} refused to answer. {chunk.why}".rstrip())
                ended = chunk.finish or ended
                if len(text) > request.max_output_tokens * MOST_CHARACTERS_PER_TOKEN:
                    ended = Finish.LENGTH
                    break
                if chunk.text:
                    yield replace(chunk, usage=None, finish=None)
        if ended is None:
            raise ProviderFailed(f"{self._name} broke off in the middle of its reply.", again=True)
        guess = Usage(guessed_tokens(request.text), guessed_tokens(text), estimated=True)
        yield Chunk(usage=usage or guess, finish=ended)

    @property
    def _name(self) -> str:
        told = self.provider.capabilities
        return told.provider if told.model == told.provider else f"{told.provider} ({told.model})"

    def _told(self, failure: ProviderFailed | TimeoutError, said: int) -> str:
        what = str(failure) or f"{self._name} was silent for too long."
        return f"{what} {said} characters had come." if said else what

    def _unavailable(self, tried: list[str]) -> ModelUnavailable:
        times = "once" if len(tried) == 1 else f"{len(tried)} times"
        return ModelUnavailable(f"{self._name} was asked {times} and did not answer. {tried[-1]}", tried=list(tried))

    def _pause(self, tries: int, failure: ProviderFailed | TimeoutError) -> float:
        """Twice as long each time, within which chance decides, so that those refused together do not return together;
        at least what the peer advised.
        """
        longest: float = min(self._patience.first_pause_seconds * 2 ** (tries - 1), LONGEST_PAUSE_SECONDS)
        advised: float = getattr(failure, "after_seconds", None) or 0.0
        chance = random.uniform(0.5, 1.0)  # noqa: S311 - no secret
        return min(advised, LONGEST_PAUSE_SECONDS) + longest * chance
