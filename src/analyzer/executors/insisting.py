"""Work of the catalogue whose worker dies under it is done again, and nobody sees that. Foreign code never is."""

import logging
from typing import Any

from analyzer.errors import Crashed
from analyzer.executors.base import Allowance, ComputePart, ComputeWhole, Executor, RunWork, WorkerDied

log = logging.getLogger("analyzer.executors")

MAX_TRIES = 3


async def insist(executor: Executor, work: RunWork, allowance: Allowance) -> Any:
    """What the executor answers. Raises what it raises, and Crashed when the worker died every time."""
    one = work.part if isinstance(work, ComputeWhole) else work
    what = one.part.name if isinstance(one, ComputePart) else "merge"
    for attempt in range(1, MAX_TRIES + 1):
        try:
            return await executor.call(work, allowance=allowance)
        except WorkerDied:
            log.warning("a worker died", extra={"task": one.task_id, "part": what, "attempt": attempt})
    raise Crashed(f"The worker died {MAX_TRIES} times while it worked on {what!r}.")
