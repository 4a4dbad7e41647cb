"""Tells every web process what changed, from whatever process changed it, without ever holding up that change.

A thread sends what has gathered; while Redis cannot be reached frames collapse into one that says “anything may have
changed”, sent when it is back. Browsers hear no beat meanwhile and poll.
"""

import asyncio
import atexit
import threading
import time
from dataclasses import asdict

import structlog
from channels.layers import get_channel_layer
from django.conf import settings
from django.db import transaction

from web.live.frames import ANYTHING, GROUP, Frame

log = structlog.get_logger(__name__)

_SEND_WITHIN = 2.0
_QUIET_AFTER_FAILURE = 2.0
_MOST_NAMED = 50
_FAREWELL = 1.0  # seconds a process that ends may take to say what it changed last

_condition = threading.Condition()
_waiting: dict[tuple[str, int], Frame] = {}
_is_sending = False
_thread: threading.Thread | None = None


def tell(frame: Frame) -> None:
    """Tell browsers as soon as the surrounding transaction has committed. Never blocks, never raises."""
    if settings.REDIS_URL:
        transaction.on_commit(lambda: _put(frame), robust=True)


def _put(frame: Frame) -> None:
    with _condition:
        _waiting[frame.kind, frame.id] = frame
        if len(_waiting) > _MOST_NAMED:
            _collapse()
        _ensure_thread()
        _condition.notify_all()


def _collapse() -> None:
    _waiting.clear()
    _waiting[ANYTHING.kind, ANYTHING.id] = ANYTHING


def _ensure_thread() -> None:
    global _thread  # noqa: PLW0603  one publisher per process
    if _thread is None or not _thread.is_alive():
        _thread = threading.Thread(target=_publish_forever, name="live-publisher", daemon=True)
        _thread.start()


def _publish_forever() -> None:
    global _is_sending  # noqa: PLW0603
    loop = asyncio.new_event_loop()
    while True:
        with _condition:
            _is_sending = False
            _condition.notify_all()
            while not _waiting:
                _condition.wait()
            frames = list(_waiting.values())
            _waiting.clear()
            _is_sending = True
        try:
            loop.run_until_complete(asyncio.wait_for(_send(frames), _SEND_WITHIN))
        except Exception as trouble:  # noqa: BLE001  whatever the client of Redis raises: browsers poll instead
            log.warning("live.silent", reason=type(trouble).__name__)
            with _condition:
                _collapse()
                _is_sending = False
            time.sleep(_QUIET_AFTER_FAILURE)


async def _send(frames: list[Frame]) -> None:
    layer = get_channel_layer()
    await layer.group_send(GROUP, {"type": "frames", "frames": [asdict(frame) for frame in frames]})


def flush(within: float = _FAREWELL) -> bool:
    """Wait until all is told, but not for long. Whether it is."""
    until = time.monotonic() + within
    with _condition:
        while _waiting or _is_sending:
            if not _condition.wait(timeout=max(0.0, until - time.monotonic())) and time.monotonic() >= until:
                return False
    return True


atexit.register(flush)
