"""One listener per web process: hears what changed through the channel layer and hands it to every browser here.

It sends itself a beat through the layer every three seconds and passes it on when it comes back, so a browser that
hears beats knows that the whole way works, and one that hears none polls.

No wait here is asyncio.wait_for: before Python 3.12 that may swallow a cancellation that comes together with what was
waited for, and a listening that nobody wants any more would go on, beside the next one, for ever.
"""

import asyncio
import contextlib
from typing import Any
from weakref import WeakKeyDictionary

import structlog
from channels.layers import get_channel_layer

from web.live.frames import ANYTHING, BEAT, GROUP, Frame

log = structlog.get_logger(__name__)

BEAT_EVERY = 3.0
_ANSWER_WITHIN = 2.5
_AGAIN_AFTER = 1.0
_QUEUED = 100


class Listener:
    """One browser's frames. Where it reads too slowly they collapse into one that says all there is to say."""

    def __init__(self) -> None:
        self._frames: asyncio.Queue[Frame] = asyncio.Queue(_QUEUED)

    async def next(self) -> Frame:
        """The next frame."""
        return await self._frames.get()

    def hear(self, frame: Frame) -> None:
        """Queue it."""
        if self._frames.full():
            while not self._frames.empty():
                self._frames.get_nowait()
            frame = ANYTHING
        self._frames.put_nowait(frame)


class Hub:
    """The listeners of one event loop, and the task that listens for them while there are any."""

    def __init__(self) -> None:
        self._listeners: set[Listener] = set()
        self._task: asyncio.Task[None] | None = None
        self._is_hearing = False

    def join(self) -> Listener:
        """A new listener."""
        listener = Listener()
        self._listeners.add(listener)
        if self._is_hearing:
            listener.hear(BEAT)
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._listen_forever())
        return listener

    def leave(self, listener: Listener) -> None:
        """It is gone; with the last one the listening ends."""
        self._listeners.discard(listener)
        if not self._listeners and self._task is not None:
            self._task.cancel()
            self._task, self._is_hearing = None, False

    def _pass_on(self, frame: Frame) -> None:
        for listener in self._listeners:
            listener.hear(frame)

    async def _listen_forever(self) -> None:
        itself = asyncio.current_task()
        while self._task is itself:  # nobody knows which library swallows a cancellation
            try:
                await self._listen()
            except Exception as trouble:  # noqa: BLE001  whatever the client of Redis raises: browsers poll, we try again
                if self._is_hearing:
                    log.warning("live.deaf", reason=type(trouble).__name__)
                self._is_hearing = False
                await _begin_anew()
            await asyncio.sleep(_AGAIN_AFTER)

    async def _listen(self) -> None:
        layer = get_channel_layer()
        async with asyncio.timeout(_ANSWER_WITHIN):
            channel = await layer.new_channel()
        beating = asyncio.create_task(_beat(layer, channel))
        try:
            async with asyncio.timeout(_ANSWER_WITHIN):
                await layer.group_add(GROUP, channel)
            self._pass_on(ANYTHING)  # what was missed before nobody knows
            while True:
                async with asyncio.timeout(BEAT_EVERY + _ANSWER_WITHIN):
                    message = await layer.receive(channel)
                self._hear(message)
        finally:
            beating.cancel()
            with contextlib.suppress(Exception):
                async with asyncio.timeout(_ANSWER_WITHIN):
                    await layer.group_discard(GROUP, channel)

    def _hear(self, message: dict[str, Any]) -> None:
        if message["type"] == "beat":
            self._is_hearing = True
            self._pass_on(BEAT)
        else:
            for fields in message["frames"]:
                self._pass_on(Frame(**fields))


async def _begin_anew() -> None:
    """The layer keeps the channel of each listening that failed, and would for as long as Redis is away."""
    with contextlib.suppress(Exception):
        async with asyncio.timeout(_ANSWER_WITHIN):
            await get_channel_layer().flush()


async def _beat(layer: Any, channel: str) -> None:
    while True:
        with contextlib.suppress(Exception):  # the listening side notices that nothing comes
            async with asyncio.timeout(_ANSWER_WITHIN):
                await layer.send(channel, {"type": "beat"})
        await asyncio.sleep(BEAT_EVERY)


_hubs: WeakKeyDictionary[asyncio.AbstractEventLoop, Hub] = WeakKeyDictionary()


def here() -> Hub:
    """The hub of the running event loop."""
    return _hubs.setdefault(asyncio.get_running_loop(), Hub())
