"""What a supervisor has heard of one job: what was printed and emitted, the pieces of a table, the end."""

import codecs
import time
from collections.abc import Callable
from typing import Any

from analyzer.errors import OutputLimit
from analyzer.jail.channel import Ear, Message
from analyzer.jail.limits import Limits

OUTPUT_PAUSE_SECONDS = 0.02  # what is printed in between goes out together
STREAMS = ("stdout", "stderr")

Hear = Callable[[str, Any], None]
"""Told of what the process prints, as (stream, text), and of what it emits, as ("emit", value)."""


class Watch:
    """What has been heard of one job so far."""

    def __init__(self, limits: Limits, hear: Hear) -> None:
        self.ear = Ear(limits)
        self.table: list[bytes] = []
        self._limits = limits
        self._hear = hear
        self._printed_bytes = 0
        self._printed_at = 0.0
        self._decoders = {stream: codecs.getincrementaldecoder("utf-8")("replace") for stream in STREAMS}

    def readable(self, now: float) -> bool:
        return now - self._printed_at >= OUTPUT_PAUSE_SECONDS

    def print(self, stream: str, data: bytes) -> None:
        self._printed_bytes += len(data)
        self._printed_at = time.monotonic()
        if text := self._decoders[stream].decode(data):
            self._hear(stream, text)
        if self._printed_bytes > self._limits.output_bytes:
            raise OutputLimit(
                f"The code printed more than {self._limits.output_bytes:,} bytes.", limit=self._limits.output_bytes
            )

    def finish(self) -> None:
        """Half a character at the end is told as such."""
        for stream, decoder in self._decoders.items():
            if text := decoder.decode(b"", final=True):
                self._hear(stream, text)

    def hear_all(self, data: bytes) -> Message | None:
        """Take what was said; the final message, if it is there."""
        for message in self.ear.feed(data):
            if message.is_final:
                return message
            if message.data:
                self.table.append(message.data)
            else:
                self._hear("emit", message.value)
        return None
