"""Wakes the engine, in this process directly and elsewhere through the broker, without ever holding up the caller.

A thread publishes at most one message per lane at a time; what rings meanwhile is covered by the message that is
still to be sent. While the broker cannot be reached the bell stays silent for a while and the engine's own tick
does the work.
"""

import threading
import time
from collections.abc import Callable

import structlog

log = structlog.get_logger(__name__)

Publish = Callable[[str, int | None], None]
Wake = Callable[[str], None]

_QUIET_AFTER_FAILURE = 5.0  # seconds in which a broken broker is not asked again

_condition = threading.Condition()
_waiting: dict[str, int | None] = {}
_thread: threading.Thread | None = None
_publish: Publish | None = None
_wake_here: Wake | None = None


def connect(publish: Publish | None) -> None:
    """How to send a message to the engine's processes; None where there is no broker."""
    global _publish  # noqa: PLW0603  one bell per process
    _publish = publish


def answer(wake: Wake | None) -> None:
    """The engine of this process answers its bell directly; None when it leaves."""
    global _wake_here  # noqa: PLW0603
    _wake_here = wake


def press(lane: str, pk: int | None = None) -> None:
    """Ask for a lane to be run soon. Returns at once."""
    if _wake_here is not None:
        _wake_here(lane)
        return
    if _publish is None:
        return
    with _condition:
        _waiting[lane] = pk
        _ensure_thread()
        _condition.notify()


def _ensure_thread() -> None:
    global _thread  # noqa: PLW0603
    if _thread is None or not _thread.is_alive():
        _thread = threading.Thread(target=_ring_forever, name="doorbell", daemon=True)
        _thread.start()


def _ring_forever() -> None:
    while True:
        with _condition:
            while not _waiting:
                _condition.wait()
            lane, pk = _waiting.popitem()
        publish = _publish
        if publish is None:
            continue
        try:
            publish(lane, pk)
        except Exception as trouble:  # noqa: BLE001  whatever the broker's client raises: the tick does the work instead
            log.warning("doorbell.silent", lane=lane, reason=type(trouble).__name__)
            time.sleep(_QUIET_AFTER_FAILURE)
