"""The event loop's lag, with a loop that is really held up."""

import asyncio
import logging
import time

import pytest

from analyzer.pulse import LATE_SECONDS, Pulse
from tests.waiting import PATIENCE_SECONDS, until


def hold_up_the_loop(pulse: Pulse) -> None:
    """Until it was seen doing so, however busy the machine is."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not pulse._culprit and time.monotonic() < deadline:
        time.sleep(LATE_SECONDS)


async def test_who_holds_up_the_loop_is_named(caplog: pytest.LogCaptureFixture) -> None:
    pulse = Pulse()
    beating = asyncio.create_task(pulse.beat())
    with caplog.at_level(logging.WARNING, "analyzer.loop"):
        await asyncio.sleep(0)
        hold_up_the_loop(pulse)
        await until(lambda: pulse.late)
    beating.cancel()
    await asyncio.wait([beating])
    assert pulse.worst_seconds > LATE_SECONDS
    # Whatever else beats in this loop has noticed it too.
    told = [record for record in caplog.records if "hold_up_the_loop" in vars(record).get("by", "")]
    assert told
    assert all(vars(record)["seconds"] > LATE_SECONDS for record in told)
