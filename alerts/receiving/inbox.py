"""Commits what arrived, in groups: one statement looks up the keys and inserts the raw bytes of everything waiting.

One writer with a kept connection does it: while it waits for the disk, the next group gathers. A second one helps
where a commit takes unusually long, as with a message of many megabytes. (Two that take turns make groups half as
large, and each request a third dearer.) Nothing is cached, so a revoked key is dead at once. An answer is given only
after the commit; whatever goes wrong before it raises NotStored, and the sender is asked to come again. A lost
connection may have committed: then the message comes twice, which deduplication counts.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg
import structlog

from alerts.receiving.letters import Letter, Outcome, Writer
from core import doorbell

log = structlog.get_logger(__name__)

HELP_AFTER = 0.1  # seconds a commit may take before the second writer takes what waits
LARGEST_GROUP = 200
LARGEST_GROUP_BYTES = 8 * 1024 * 1024
MOST_WAITING_BYTES = 256 * 1024 * 1024
LONGEST_WAIT = 5.0  # seconds in the queue; what waited longer is not sent to the database any more
RING_EVERY = 0.1  # seconds; a flood rings the engine's bell no more often


class NotStored(Exception):
    """Not committed. The sender shall come again."""


@dataclass(slots=True)
class _Waiting:
    letter: Letter
    done: asyncio.Future[Outcome]
    until: float


class Inbox:
    """The queue in front of the database, and its writers. Lives in one event loop."""

    def __init__(self, connection: Callable[[], dict[str, Any]]) -> None:
        self._connection = connection
        self._waiting: deque[_Waiting] = deque()
        self._waiting_bytes = 0
        self.being_read = 0  # bytes of bodies that are not complete yet; the door counts them
        self._came, self._help = asyncio.Event(), asyncio.Event()
        self._writers: list[asyncio.Task[None]] = []
        self._leaving = False
        self._bell = _Bell()

    def start(self) -> None:
        """Start the writers in the running event loop."""
        self._writers = [asyncio.create_task(work) for work in (self._write(), self._assist())]

    async def stop(self, within: float = 10.0) -> None:
        """Commit what waits, then leave."""
        self._leaving = True
        self._came.set()
        self._help.set()
        if self._writers:
            _, late = await asyncio.wait(self._writers, timeout=within)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        self._writers = []

    def has_room(self, size: int = 0) -> bool:
        """Whether this process may hold so many bytes more."""
        return self._waiting_bytes + self.being_read + size <= MOST_WAITING_BYTES

    async def put(self, letter: Letter) -> Outcome:
        """Wait until it is committed, or refused for its key. Raises NotStored."""
        if self._leaving or not self.has_room(len(letter.body)):
            raise NotStored
        loop = asyncio.get_running_loop()
        done: asyncio.Future[Outcome] = loop.create_future()
        self._waiting.append(_Waiting(letter, done, loop.time() + LONGEST_WAIT))
        self._waiting_bytes += len(letter.body)
        self._came.set()
        try:
            return await done
        finally:
            self._waiting_bytes -= len(letter.body)

    async def _write(self) -> None:
        """Take whatever has come, over and over."""
        loop = asyncio.get_running_loop()
        async with Writer(self._connection) as writer:
            while True:
                group = self._take()
                if group:
                    late = loop.call_later(HELP_AFTER, self._help.set)
                    await self._commit(writer, group)
                    late.cancel()
                elif self._leaving:
                    return
                else:
                    self._came.clear()
                    await self._came.wait()

    async def _assist(self) -> None:
        """Take one group each time the other is held up."""
        async with Writer(self._connection) as writer:
            while self._waiting or not self._leaving:
                await self._help.wait()
                if not self._leaving:
                    self._help.clear()
                group = self._take()
                if group:
                    await self._commit(writer, group)

    def _take(self) -> list[_Waiting]:
        group: list[_Waiting] = []
        size, now = 0, asyncio.get_running_loop().time()
        while self._waiting and len(group) < LARGEST_GROUP:
            size += len(self._waiting[0].letter.body)
            if group and size > LARGEST_GROUP_BYTES:
                break
            waiting = self._waiting.popleft()
            if waiting.until < now:
                _settle(waiting, NotStored())
            elif not waiting.done.done():  # its sender may have gone
                group.append(waiting)
        return group

    async def _commit(self, writer: "Writer", group: Sequence[_Waiting]) -> None:
        try:
            outcomes = await writer.insert([each.letter for each in group])
        except (psycopg.DataError, TypeError, ValueError):  # one of them, which cannot be written down as it is
            await self._commit_singly(writer, group)
            return
        except Exception as trouble:  # noqa: BLE001  whatever it was: they come again, and without writers nobody would
            log.warning("inbox.not_stored", messages=len(group), reason=type(trouble).__name__)
            for each in group:
                _settle(each, NotStored())
            return
        for each, outcome in zip(group, outcomes, strict=True):
            _settle(each, outcome)
        if any(outcome.event_id for outcome in outcomes):
            self._bell.press()

    async def _commit_singly(self, writer: "Writer", group: Sequence[_Waiting]) -> None:
        # One letter that PostgreSQL refuses may not take its neighbours with it.
        if len(group) == 1:
            log.error("inbox.refused_by_database", size=group[0].letter.body_size)
            _settle(group[0], NotStored())
            return
        for each in group:
            await self._commit(writer, [each])


def _settle(waiting: _Waiting, outcome: Outcome | NotStored) -> None:
    if waiting.done.done():
        return
    if isinstance(outcome, NotStored):
        waiting.done.set_exception(outcome)
    else:
        waiting.done.set_result(outcome)


class _Bell:
    """Rings the engine at once, and then ten times a second at most: a flood is no flood of doorbells."""

    def __init__(self) -> None:
        self._is_quiet = True
        self._again = False

    def press(self) -> None:
        """Ask for the lane `ingest`."""
        if not self._is_quiet:
            self._again = True
            return
        self._is_quiet, self._again = False, False
        doorbell.press("ingest")
        asyncio.get_running_loop().call_later(RING_EVERY, self._rest)

    def _rest(self) -> None:
        self._is_quiet = True
        if self._again:
            self.press()
