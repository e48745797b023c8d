"""A model that is none: the same question gets the same reply. For tests, and to show the whole path without a key.

Replies come from a script, a JSON file named by ANALYZER_LLM_ENDPOINT, and for questions that no line of it is about,
from the rules of `demonstration`:

    {"pause_seconds": 0, "lines": [{"when": "heaviest", "say": ["the first reply", "the reply to what was wrong"]}]}

`when` is a regular expression on the question. A reply is chosen by the place in the exchange alone, so conversations
that go on side by side do not disturb each other.
"""

import asyncio
import json
import re
from collections.abc import AsyncGenerator
from pathlib import Path

import pydantic

from analyzer.errors import ModelNotConfigured
from analyzer.llm import demonstration
from analyzer.llm.base import Capabilities, Chunk, Finish, ModelRequest, ProviderFailed, Usage, guessed_tokens
from analyzer.settings import Settings

PIECE_CHARACTERS = 24  # of a reply at a time


class Line(pydantic.BaseModel):
    """What is said to one question, and to what comes back."""

    when: str
    say: list[str] = pydantic.Field(min_length=1)


class Script(pydantic.BaseModel):
    """What is said."""

    pause_seconds: float = pydantic.Field(0, ge=0, description="Before each piece of a reply.")
    lines: list[Line] = []


def open_provider(settings: Settings, model: str) -> "Scripted":
    """The script that these settings name, or none but the rules."""
    return Scripted(model, settings.llm_endpoint)


class Scripted:
    """See `llm.base.Provider` for its promises."""

    def __init__(self, model: str, script: str | None = None) -> None:
        self._model = model
        self._file = script
        self._script = Script() if script is None else None

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities("scripted", self._model, counts_tokens=False)

    async def count_tokens(self, request: ModelRequest) -> int:
        return guessed_tokens(request.text)

    async def stream(self, request: ModelRequest) -> AsyncGenerator[Chunk, None]:
        script = await self._read()
        text = _reply(script, request)
        size = PIECE_CHARACTERS if request.streaming else len(text)
        for start in range(0, len(text), size):
            await asyncio.sleep(script.pause_seconds)
            yield Chunk(text[start : start + size])
        yield Chunk(usage=Usage(guessed_tokens(request.text), guessed_tokens(text)), finish=Finish.DONE)

    async def aclose(self) -> None:
        """Nothing is open."""

    async def _read(self) -> Script:
        if self._script is None:
            try:
                text = await asyncio.to_thread(Path(self._file or "").read_text, "utf-8")
                self._script = Script.model_validate_json(text)
            except (OSError, ValueError) as failure:
                raise ModelNotConfigured(f"The script {self._file} cannot be used: {failure}") from None
        return self._script


def _reply(script: Script, request: ModelRequest) -> str:
    question, place = asked(request)
    for line in script.lines:
        if re.search(line.when, question, re.IGNORECASE):
            return line.say[min(place, len(line.say) - 1)]
    reply = demonstration.reply(request.messages[-1 - 2 * place].text)
    if reply is None:
        raise ProviderFailed("scripted has no reply to this.", again=False)
    return reply


def asked(request: ModelRequest) -> tuple[str, int]:
    """The last question, and how many replies to it came back so far."""
    place = 0
    for message in reversed(request.messages):
        if message.role == "user" and (found := demonstration.QUESTION.search(message.text)):
            return str(json.loads(found[1])), place
        place += message.role == "assistant"
    return request.messages[-1].text, 0
