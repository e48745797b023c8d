"""Slots: warm worker processes, each a `ProcessPoolExecutor` of one.

A pool with several workers dies as a whole when one of them is killed. Here each worker has a pool of its own, so a
crash costs the one piece of work that caused it, and the slot is filled again without its neighbours noticing.
"""

import asyncio
import logging
import pickle
import tempfile
from collections import defaultdict, deque
from concurrent.futures import BrokenExecutor, ThreadPoolExecutor
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

from analyzer.aio import Tasks
from analyzer.errors import MemoryLimit, ShuttingDown
from analyzer.executors.base import Allowance, Lane, SlotCounts, Work, WorkerDied
from analyzer.executors.entry import Outcome
from analyzer.executors.forkserver import OwnContext, OwnForkServer
from analyzer.executors.slot import Slot

log = logging.getLogger("analyzer.executors")

PRELOAD = ("analyzer.executors.worker", "pandas", "pyarrow.compute", "pyarrow.csv", "scipy.special")
NICENESS = 19  # the event loop is served first when the workers take every core
PAGES_NICENESS = 3  # and then who looks at a screen: the page is made before the parts that compute meanwhile
POLL_SECONDS = 0.1
POLLS_A_LOOK = 5  # at what changes less than memory: whether somebody has stopped a process
STOPPED_LOOKS = 3  # in a row: it is no accident of the moment
MOST_ANSWERS = 10_000  # of one worker: whatever leaks in libraries goes with it
REST_SHARE = 0.25  # of the memory for work, that a worker may keep when the work is done
KEPT_SHARE = REST_SHARE / 2  # above it, a worker gives back what it does not use
REFILL_PAUSE_SECONDS = 0.5  # after a worker could not be started; doubled every time, up to
LONGEST_PAUSE_SECONDS = 30.0


class _Slots:
    """The slots of one lane: the idle ones, and those who wait for one, in the order they came."""

    def __init__(self, size: int, niceness: int = NICENESS) -> None:
        self.size = size
        self.niceness = niceness
        self.busy = 0
        self._closed = False
        self._idle: deque[Slot] = deque()
        self._places = asyncio.Semaphore(0)  # counts the idle slots

    def close(self) -> None:
        """Whoever waits, or comes, is turned away."""
        self._closed = True
        self._places.release()

    async def take(self) -> Slot:
        await self._places.acquire()
        if self._closed:
            self._places.release()  # and so does the next one in the row
            raise ShuttingDown("The server is shutting down.")
        self.busy += 1
        slot = self._idle.popleft()
        slot.busy = True
        return slot

    def leave(self, slot: Slot) -> None:
        """A slot that was taken is free, or lost."""
        self.busy -= 1
        slot.busy = False

    def add(self, slot: Slot) -> None:
        """One more idle slot."""
        self._idle.append(slot)
        self._places.release()

    async def withdraw(self, slot: Slot) -> bool:
        """Take this idle slot, if it is one that nobody is about to get."""
        if slot not in self._idle or self._places.locked():
            return False
        await self._places.acquire()
        self._idle.remove(slot)
        self.busy += 1
        slot.busy = True
        return True

    @property
    def idle(self) -> int:
        return len(self._idle)


class ProcessExecutor:
    """An Executor whose slots are processes of this machine. See `executors.base.Executor` for its promises."""

    def __init__(self, workers: int, memory_bytes: int, temporary: Path | None = None) -> None:
        """`temporary` is where its short-lived files go, if not where the system has such."""
        self._temporary = temporary
        self._workers = workers
        self._memory_bytes = memory_bytes
        self._slots: set[Slot] = set()
        self._lanes = {
            Lane.WORK: _Slots(workers),
            Lane.PAGES: _Slots(1, PAGES_NICENESS),
            Lane.EXPORTS: _Slots(1),
            Lane.ARRIVALS: _Slots(1),
        }
        self._warm = asyncio.Event()
        self._restarts = 0
        self._starting = 0  # slots
        self._stuck = 0  # looks in a row at a forkserver that somebody waits for and that is stopped
        self._closing = False
        self._numbers = count()
        self._tasks = Tasks()
        self._forkserver = OwnForkServer(PRELOAD, temporary=temporary)
        self._context = OwnContext(self._forkserver)
        # One thread launches all slots, one after the other, so the forkserver needs no lock.
        self._launcher = ThreadPoolExecutor(max_workers=1, thread_name_prefix="analyzer-launcher")

    async def start(self) -> None:
        """Begin to start the slots; `ready` tells when the first one is."""
        self._exchange = await asyncio.to_thread(
            partial(
                tempfile.TemporaryDirectory,
                prefix="analyzer-exchange-",
                dir=self._temporary,
                ignore_cleanup_errors=True,
            )
        )
        for lane in self._lanes.values():
            for _ in range(lane.size):
                self._tasks.start(self._fill(lane), "fill slot")
        self._tasks.start(self._watch(), "watch the slots")

    async def ready(self) -> None:
        await self._warm.wait()

    @property
    def is_ready(self) -> bool:
        return self._warm.is_set()

    async def call(self, work: Work, lane: Lane = Lane.WORK, allowance: Allowance | None = None) -> Any:
        if allowance is not None and (refusal := allowance.refusal()) is not None:
            raise refusal
        parcel = pickle.dumps(work, protocol=5)
        outcome = await self._ask(self._lanes[lane], parcel, allowance)
        if outcome.failure is not None:
            raise outcome.failure
        return outcome.value

    async def _ask(self, lane: _Slots, parcel: bytes, allowance: Allowance | None) -> Outcome:
        """Put the work to the lane's next idle slot, and see that there is one again whatever happens."""
        slot = await self._take(lane)
        try:
            outcome = await slot.ask(parcel, allowance)
        except BrokenExecutor as broken:
            self._replace(lane, slot)
            if self._closing:
                raise ShuttingDown("The server is shutting down.") from None
            raise slot.verdict or WorkerDied() from broken
        except BaseException:  # nobody knows what the worker is doing now
            self._replace(lane, slot)
            raise
        if isinstance(outcome.failure, MemoryError):
            self._replace(lane, slot)
            raise self._too_much_memory() from None
        self._give_back(lane, slot)
        return outcome

    async def _take(self, lane: _Slots) -> Slot:
        """The next slot whose worker is alive. One that died at rest is nobody's fault."""
        while True:
            slot = await lane.take()
            if not slot.has_died:
                return slot
            self._replace(lane, slot)

    def counts(self) -> SlotCounts:
        return SlotCounts(total=self._workers, busy=self._lanes[Lane.WORK].busy, restarts=self._restarts)

    async def aclose(self) -> None:
        self._closing = True
        for lane in self._lanes.values():
            lane.close()
        await self._tasks.aclose()
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(self._launcher, self._close_all)
        self._launcher.shutdown(wait=False)  # nothing is left for it to do
        for slot in self._slots:
            slot.hang_up()
            await slot.silent()
        await asyncio.to_thread(self._exchange.cleanup)

    def _close_all(self) -> None:
        """In the launching thread, so that no slot is being launched meanwhile."""
        warm = [slot for slot in self._slots if slot.is_warm]
        for slot in warm:
            slot.kill()
        for slot in warm:
            slot.bury(wait=True)
        # What is only starting has no pid that we know, but it dies with the forkserver.
        self._forkserver.close()
        for slot in self._slots - set(warm):
            slot.bury(wait=True)

    def _give_back(self, lane: _Slots, slot: Slot) -> None:
        if slot.killed or slot.answers >= MOST_ANSWERS:  # killed while its answer was on the way
            self._replace(lane, slot)
        else:
            lane.leave(slot)
            lane.add(slot)

    def _replace(self, lane: _Slots, slot: Slot) -> None:
        lane.leave(slot)
        if self._closing:
            return  # closing ends every slot itself, in the launching thread; two must not let go of the same
        slot.kill()
        slot.hang_up()
        slot.bury(wait=False)
        self._slots.discard(slot)
        self._restarts += 1
        self._tasks.start(self._fill(lane), "refill slot")

    def _launch(self, lane: _Slots) -> Slot:
        kept_bytes = int(KEPT_SHARE * self._memory_bytes)
        slot = Slot(self._context, Path(self._exchange.name, str(next(self._numbers))), lane.niceness, kept_bytes)
        self._slots.add(slot)
        return slot

    async def _fill(self, lane: _Slots) -> None:
        """Start a slot and put it among the idle ones of the lane, however many tries it takes."""
        for attempt in count():
            slot = None
            self._starting += 1
            try:
                slot = await asyncio.get_running_loop().run_in_executor(self._launcher, self._launch, lane)
                await slot.warm()
            except Exception as failure:  # noqa: BLE001 - whatever it is, without another try the slot were lost
                # In words: who keeps records would keep what the failure holds of the half-made worker.
                log.error("a worker could not be started: %s", repr(failure))
                if slot is not None:
                    self._slots.discard(slot)
                    slot.hang_up()
                    slot.bury(wait=False)
                pause = min(REFILL_PAUSE_SECONDS * 2**attempt, LONGEST_PAUSE_SECONDS)
            else:
                lane.add(slot)
                if lane is self._lanes[Lane.WORK]:
                    self._warm.set()
                return
            finally:
                self._starting -= 1
            await asyncio.sleep(pause)

    async def _watch(self) -> None:
        for number in count():
            await asyncio.sleep(POLL_SECONDS)
            self._hold_to_walls([slot for slot in tuple(self._slots) if slot.busy])  # more may come meanwhile
            if number % POLLS_A_LOOK == 0:
                await self._look_after_slots()

    def _hold_to_walls(self, at_work: list[Slot]) -> None:
        """End what takes more than it may. Seen from outside, so that it holds for code that never looks up."""
        under_way: dict[Allowance, float] = defaultdict(float)
        for slot in at_work:
            if slot.own_memory_bytes() > self._memory_bytes:
                slot.kill(self._too_much_memory())
            if slot.allowance is not None:
                under_way[slot.allowance] += slot.work_cpu_seconds()
        for slot in at_work:
            if slot.allowance is not None and (refusal := slot.allowance.refusal(under_way[slot.allowance])):
                slot.kill(refusal)

    async def _look_after_slots(self) -> None:
        """End what is stopped; replace what died at rest, or kept too much of the memory it had for its work."""
        self._stuck = self._stuck + 1 if self._starting and self._forkserver.is_stopped else 0
        if self._stuck >= STOPPED_LOOKS:
            log.warning("the forkserver is stopped, and replaced")
            self._forkserver.kill()
        for slot in [slot for slot in self._slots if slot.is_warm]:
            slot.look()
            if slot.looks_stopped >= STOPPED_LOOKS and not slot.killed:
                log.warning("a worker is stopped, and replaced")
                slot.kill()
            if not slot.busy and (slot.has_died or slot.own_memory_bytes() > REST_SHARE * self._memory_bytes):
                await self._retire(slot)

    async def _retire(self, slot: Slot) -> None:
        for lane in self._lanes.values():
            if await lane.withdraw(slot):
                self._replace(lane, slot)

    def _too_much_memory(self) -> MemoryLimit:
        return MemoryLimit(
            f"The work needed more than the {self._memory_bytes:,} bytes of memory it may use. "
            "Fewer columns need less; the operator can allow more with ANALYZER_TASK_MEMORY_BYTES.",
            limit=self._memory_bytes,
        )
