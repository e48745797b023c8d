"""One run's exchange with the model: every call is counted, kept as it was sent, and streamed as it comes back."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from analyzer.analyses.ask.results import Tokens
from analyzer.ask.ledger import Ledger, Spent
from analyzer.ask.prompts import SYSTEM
from analyzer.ask.replies import Reply, Splitter, read_reply
from analyzer.blobs.base import Blobs
from analyzer.errors import BudgetExhausted
from analyzer.executors.jail import Hear
from analyzer.llm.base import Finish, Message, ModelRequest, Usage, guessed_tokens
from analyzer.llm.calling import Caller
from analyzer.models import stamp
from analyzer.retention import prompt_key

MOST_OUTPUT_TOKENS = 8192
LEAST_OUTPUT_TOKENS = 256


@dataclass
class Exchange:
    """Asks, and remembers what was said."""

    caller: Caller
    ledger: Ledger
    blobs: Blobs
    run_id: str
    principal: str
    hear: Hear
    streaming: bool
    run_tokens: int | None
    messages: list[Message]
    calls: int = 0
    usages: list[Usage] = field(default_factory=list)
    spent: Spent = field(default_factory=Spent)

    async def reply(self) -> Reply:
        """The model's reply to what was said last. Raises what `Caller.reply` raises, and BudgetExhausted."""
        self.calls += 1
        request = await self._request()
        most = Usage(guessed_tokens(request.text), request.max_output_tokens)
        model = self.caller.provider.capabilities.model
        await self._keep(request)
        text, usage, finish = "", None, None
        with self.ledger.held(self.principal, model, self.spent, most):
            splitter = Splitter()
            try:
                async with self.caller.reply(request) as chunks:
                    async for chunk in chunks:
                        text += chunk.text
                        usage, finish = chunk.usage or usage, chunk.finish or finish
                        await self._show(splitter.feed(chunk.text))
                await self._show(splitter.close())
            finally:
                await self._count(model, usage or Usage(most.input_tokens, guessed_tokens(text), estimated=True))
        self.messages.append(Message("assistant", text))
        return Reply(text) if finish is Finish.LENGTH and "```" in text and text.count("```") % 2 else read_reply(text)

    def say(self, text: str) -> None:
        """What the model is told next."""
        self.messages.append(Message("user", text))

    @property
    def tokens(self) -> Tokens:
        """What the calls so far have taken."""
        return Tokens(
            calls=self.calls,
            input=sum(usage.input_tokens for usage in self.usages),
            output=sum(usage.output_tokens for usage in self.usages),
            estimated=any(usage.estimated for usage in self.usages),
        )

    @property
    def cost(self) -> float | None:
        costs = [self.ledger.cost(self.caller.provider.capabilities.model, usage) for usage in self.usages]
        return None if None in costs else sum(cost for cost in costs if cost is not None)

    async def _show(self, pieces: Any) -> None:
        for kind, text in pieces:
            await self.hear(kind, {"text": text, "attempt": self.calls})

    async def _request(self) -> ModelRequest:
        request = ModelRequest(SYSTEM, tuple(self.messages), MOST_OUTPUT_TOKENS, self.streaming)
        if self.run_tokens is None:
            return request
        room = self.run_tokens - self.spent.tokens - guessed_tokens(request.text)
        if room < LEAST_OUTPUT_TOKENS:
            raise BudgetExhausted(
                f"This question may take {self.run_tokens:,} tokens: {self.spent.tokens:,} are spent, and another call "
                f"would take about {guessed_tokens(request.text) + LEAST_OUTPUT_TOKENS:,}.",
                limit=self.run_tokens,
                spent=self.spent.tokens,
            )
        return ModelRequest(SYSTEM, request.messages, min(MOST_OUTPUT_TOKENS, room), self.streaming)

    async def _count(self, model: str, usage: Usage) -> None:
        self.usages.append(usage)
        self.spent.add(usage.input_tokens + usage.output_tokens, self.ledger.cost(model, usage) or 0.0)
        await self.ledger.spend(self.run_id, self.calls, self.principal, model, usage)

    async def _keep(self, request: ModelRequest) -> None:
        """Before it leaves: what was sent can be read whatever becomes of the call."""
        told = self.caller.provider.capabilities
        call = {
            "at": stamp(),
            "provider": told.provider,
            "model": told.model,
            "max_output_tokens": request.max_output_tokens,
            "system": request.system,
            "messages": [{"role": message.role, "text": message.text} for message in request.messages],
        }
        place = f"{prompt_key(self.run_id)}/{self.calls:04d}"
        await self.blobs.put(place, json.dumps(call, ensure_ascii=False).encode())


async def kept_calls(blobs: Blobs, run_id: str) -> Sequence[bytes]:
    """What was sent in this run, call by call, as JSON."""
    names = sorted(await blobs.groups(prompt_key(run_id)))
    return [await blobs.get(f"{prompt_key(run_id)}/{name}") for name in names]
