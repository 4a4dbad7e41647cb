"""Whose messages are worked on next, and what a message that fails costs its neighbours: nothing.

Integrations are worked on in parallel with one another. Of each that waits one bounded batch is done in turn, so that a
noisy one delays nobody. A message that raises is found by taking its batch one by one; one that ends the whole process
is known by its start, which is committed before the work.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

import structlog
from django.db import InterfaceError, OperationalError, connection, transaction

from alerts.models import Integration
from alerts.pipeline import events, ingest, quarantine
from alerts.pipeline.standing import Changed
from core import clock, failpoints

log = structlog.get_logger(__name__)

_AFTER_TROUBLE = timedelta(seconds=5)  # until an integration that was held up is tried again
_MOST_STARTS = 2  # of a large message, that did not end: then it is what ends the worker


# Integrations that met the database's trouble, as a lock that somebody holds, and until when the others go first. In
# memory: what it costs to forget them is one more try.
_held_up: dict[int, datetime] = {}


def run() -> int:
    """One batch of every integration that waits. Returns how many messages were handled.

    Raises OperationalError and InterfaceError where the database itself is away.
    """
    now = clock.now()
    handled = 0
    for integration_id in events.waiting_integrations(now):
        if _held_up.get(integration_id, now) > now:
            continue
        try:
            handled += _take_turn(integration_id, now)
            _held_up.pop(integration_id, None)
        except OperationalError as trouble:
            if not connection.is_usable():
                raise
            log.warning("ingest.held_up", integration=integration_id, cause=quarantine.cause(trouble))
            _held_up[integration_id] = clock.now() + _AFTER_TROUBLE
    return handled


@contextmanager
def _uncollected() -> Iterator[None]:
    """A batch makes many objects and no cycles: looking for cycles meanwhile costs a third of its time."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _take_turn(integration_id: int, now: datetime) -> int:
    try:
        with _uncollected(), transaction.atomic():
            _set_out(is_patient=integration_id not in _held_up)
            return ingest.batch(integration_id, now)
    except ingest.StandsAlone as found:
        return _take_alone(integration_id, found.event, now)
    except (OperationalError, InterfaceError):
        raise  # the database's trouble, not a message's
    except Changed:
        return 1  # asks to be run again at once
    except Exception as trouble:  # noqa: BLE001  some message of the batch: which one is found by taking them one by one
        log.warning("ingest.batch_failed", integration=integration_id, cause=quarantine.cause(trouble))
        waiting = events.next_batch(integration_id, now)
        return sum(_take_one(integration_id, each, now) for each in waiting if not each.is_large)


def _set_out(*, is_patient: bool) -> None:
    """Let the batch's commit not wait for the disk; and not for locks, where others wait for their turn meanwhile.

    A server that crashes in that half second has the messages in the inbox as they were, and they are read again.
    Nobody can have been paged for what was lost: a page is sent after its own claim is on disk, and the disk has
    everything that was committed before.
    """
    with connection.cursor() as cursor:
        cursor.execute("set local synchronous_commit = off" + ("" if is_patient else "; set local lock_timeout = '1s'"))


def _take_one(integration_id: int, event: events.Next, now: datetime) -> int:
    try:
        with transaction.atomic():
            return ingest.batch(integration_id, now, only=event)
    except (OperationalError, InterfaceError):
        raise
    except Changed:
        return 1
    except Exception as trouble:  # noqa: BLE001  this is the one: it may not hold up its neighbours
        log.warning("ingest.event_failed", message=event.id, cause=quarantine.cause(trouble))
        with transaction.atomic():
            quarantine.give_way(Integration.objects.get(pk=integration_id), event.id, now=now)
        return 1


def _take_alone(integration_id: int, event: events.Next, now: datetime) -> int:
    """A large message could end this process, which would count nothing any more: so its start is counted."""
    with transaction.atomic():
        integration = ingest.locked(integration_id)
        if integration is None:
            return 0
        if event.starts >= _MOST_STARTS:
            problem = f"Tocsin was ended {event.starts} times while it worked on this message of {event.size:,} bytes."
            quarantine.put_away(integration, event.id, reason="ended_the_worker", problem=problem)
            return 1
        events.start(event, now=now)
    failpoints.reached("ingest.started")
    try:
        with _uncollected():
            return _take_one(integration_id, event, now)
    finally:
        events.forget_starts(event.id, now=now)
