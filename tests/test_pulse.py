"""The event loop's lag, with a loop that is really held up."""

import asyncio
import logging
import time

import pytest

from analyzer.pulse import LATE_SECONDS, Pulse
from tests.waiting import until


def hold_up_the_loop() -> None:
    time.sleep(3 * LATE_SECONDS)


async def test_who_holds_up_the_loop_is_named(caplog: pytest.LogCaptureFixture) -> None:
    pulse = Pulse()
    beating = asyncio.create_task(pulse.beat())
    with caplog.at_level(logging.WARNING, "analyzer.loop"):
        await asyncio.sleep(0)
        hold_up_the_loop()
        await until(lambda: pulse.late)
    beating.cancel()
    await asyncio.wait([beating])
    assert pulse.worst_seconds > LATE_SECONDS
    (told,) = [record for record in caplog.records if "hold_up_the_loop" in vars(record)["by"]]
    assert vars(told)["seconds"] > LATE_SECONDS
