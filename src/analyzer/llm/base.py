"""What a model provider promises, and the values that cross its border. No type of any SDK does."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, Protocol

CHARACTERS_PER_TOKEN = 3  # of a guess on the safe side: English has about four, code and other scripts fewer


@dataclass(frozen=True)
class Message:
    """One turn of the exchange."""

    role: Literal["user", "assistant"]
    text: str


@dataclass(frozen=True)
class ModelRequest:
    """Everything one call needs: calls share nothing, the whole exchange is in each."""

    system: str
    messages: tuple[Message, ...]
    max_output_tokens: int
    streaming: bool = True  # else the reply comes whole, as one chunk

    @property
    def text(self) -> str:
        """All that would leave, for counting."""
        return "\n".join((self.system, *(message.text for message in self.messages)))


@dataclass(frozen=True)
class Usage:
    """Tokens of one call."""

    input_tokens: int
    output_tokens: int
    estimated: bool = False  # the provider did not say, so they were guessed from the length


class Finish(StrEnum):
    """Why a reply ended."""

    DONE = "done"
    LENGTH = "length"  # at the most tokens it might have
    REFUSED = "refused"  # the provider's rules forbid it


@dataclass(frozen=True)
class Chunk:
    """A piece of a reply. Usage and finish come once, with or after the last text."""

    text: str = ""
    usage: Usage | None = None
    finish: Finish | None = None
    why: str = ""  # of a refusal, in the provider's words


@dataclass(frozen=True)
class Capabilities:
    """What a provider is and can."""

    provider: str
    model: str
    counts_tokens: bool  # before the call, exactly


class ProviderFailed(Exception):
    """A call failed. The message is fit for users: it names the peer and what it said, and never a key."""

    def __init__(self, message: str, *, again: bool, after_seconds: float | None = None) -> None:
        """`again`: the same call may succeed later (429, 5xx, no connection); `after_seconds`: the peer's advice."""
        super().__init__(message)
        self.again = again
        self.after_seconds = after_seconds


class Provider(Protocol):
    """One model behind one API.

    `stream` begins a call when it is iterated and yields its chunks. It raises ProviderFailed and nothing else. When
    the iterator is closed or its reader cancelled, the call has ended at the peer too. Calls may run side by side.
    """

    @property
    def capabilities(self) -> Capabilities: ...

    def stream(self, request: ModelRequest) -> AsyncGenerator[Chunk, None]: ...

    async def count_tokens(self, request: ModelRequest) -> int:
        """The tokens that would go in; a guess on the safe side where the provider cannot count beforehand."""

    async def aclose(self) -> None:
        """Close what is open. No call is under way any more."""


def guessed_tokens(text: str) -> int:
    """About how many tokens a text has."""
    return len(text) // CHARACTERS_PER_TOKEN + 1
