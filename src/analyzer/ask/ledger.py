"""What questions have cost, and what they may: by run, by principal and day, by day. It outlives a restart."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from analyzer.blobs.base import BlobMissing, Blobs
from analyzer.errors import BudgetExhausted, ModelNotConfigured
from analyzer.llm.base import Usage
from analyzer.models import now
from analyzer.settings import Settings

KIND = "spending"
A_MILLION = 1_000_000


@dataclass
class Spent:
    """Tokens and money."""

    tokens: int = 0
    cost: float = 0.0

    def add(self, tokens: int, cost: float) -> None:
        self.tokens += tokens
        self.cost += cost


@dataclass
class Day:
    """One day's spending; what calls under way may still take counts as spent."""

    name: str
    all: Spent = field(default_factory=Spent)
    by_principal: dict[str, Spent] = field(default_factory=dict)

    def of(self, principal: str) -> Spent:
        return self.by_principal.setdefault(principal, Spent())

    def add(self, principal: str, tokens: int, cost: float) -> None:
        self.all.add(tokens, cost)
        self.of(principal).add(tokens, cost)


class Ledger:
    """Keeps count. Each call's spending is a blob of its own, written once; a day's go when the next has begun."""

    def __init__(self, settings: Settings, blobs: Blobs) -> None:
        self._settings = settings
        self._blobs = blobs
        self._day: Day | None = None

    def cost(self, model: str, usage: Usage) -> float | None:
        """By the price table; None when it does not know the model."""
        price = self._settings.llm_prices.get(model)
        if price is None:
            return None
        return (usage.input_tokens * price[0] + usage.output_tokens * price[1]) / A_MILLION

    async def admit(self, principal: str, model: str) -> None:
        """Raises BudgetExhausted when nothing is left, ModelNotConfigured when money counts and no price is known."""
        limits = self._settings
        if model not in limits.llm_prices and any(
            (limits.ask_run_cost, limits.ask_principal_cost, limits.ask_day_cost)
        ):
            raise ModelNotConfigured(f"There is a budget in money, and ANALYZER_LLM_PRICES has no price for {model!r}.")
        await self._today()
        self._refuse(principal, 1, 0.0)

    @contextmanager
    def held(self, principal: str, model: str, spent: Spent, usage: Usage) -> Iterator[None]:
        """While a call is under way, what it may take at most is set aside. Raises BudgetExhausted."""
        assert self._day is not None
        tokens, cost = usage.input_tokens + usage.output_tokens, self.cost(model, usage) or 0.0
        limits = self._settings
        _refuse("This question", limits.ask_run_tokens, spent.tokens, tokens, "tokens")
        _refuse("This question", limits.ask_run_cost, spent.cost, cost, "in money")
        self._refuse(principal, tokens, cost)
        day = self._day
        day.add(principal, tokens, cost)
        try:
            yield
        finally:
            day.add(principal, -tokens, -cost)

    async def spend(self, run_id: str, call: int, principal: str, model: str, usage: Usage) -> None:
        """Note what a call took."""
        day = await self._today()
        tokens, cost = usage.input_tokens + usage.output_tokens, self.cost(model, usage) or 0.0
        day.add(principal, tokens, cost)
        entry = {"principal": principal, "tokens": tokens, "cost": cost}
        await self._blobs.put(f"{KIND}/{day.name}/{run_id}-{call}", json.dumps(entry).encode())

    def _refuse(self, principal: str, tokens: int, cost: float) -> None:
        assert self._day is not None
        limits, mine, all_ = self._settings, self._day.of(principal), self._day.all
        _refuse("Your day", limits.ask_principal_tokens, mine.tokens, tokens, "tokens", daily=True)
        _refuse("Your day", limits.ask_principal_cost, mine.cost, cost, "in money", daily=True)
        _refuse("This server's day", limits.ask_day_tokens, all_.tokens, tokens, "tokens", daily=True)
        _refuse("This server's day", limits.ask_day_cost, all_.cost, cost, "in money", daily=True)

    async def _today(self) -> Day:
        name = now().date().isoformat()
        if self._day is None or self._day.name != name:
            read = Day(name)
            for day in await self._blobs.groups(KIND) - {name}:
                await self._blobs.delete(f"{KIND}/{day}")
            for entry in sorted(await self._blobs.groups(f"{KIND}/{name}")):
                try:
                    told: dict[str, Any] = json.loads(await self._blobs.get(f"{KIND}/{name}/{entry}"))
                except BlobMissing:
                    continue
                read.add(told["principal"], told["tokens"], told["cost"])
            if self._day is None or self._day.name != name:  # nobody else has read it meanwhile
                self._day = read
        return self._day


def _refuse(whose: str, limit: float | None, spent: float, wanted: float, unit: str, *, daily: bool = False) -> None:
    if limit is None or spent + wanted <= limit:
        return
    raise BudgetExhausted(
        f"{whose} may take {limit:,g} {unit}: {spent:,g} are spent or set aside, and the next call may take "
        f"{wanted:,g}.",
        limit=limit,
        spent=spent,
        retry_after=_seconds_to_midnight() if daily else None,
    )


def _seconds_to_midnight() -> int:
    moment = now()
    midnight = (moment + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    return max(1, round((midnight - moment).total_seconds()))
