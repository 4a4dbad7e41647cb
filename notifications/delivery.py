"""The lane that sends: claim, commit, call the provider, record. Any number of workers may do it at once."""

import time
from collections.abc import Sequence
from datetime import datetime
from functools import partial

import structlog
from django.db.models import Min

from core import claims, clock, doorbell, failpoints, jobs
from core import outgoing as http
from core.background import Bulkhead
from notifications import acceptance, claiming, outcomes, rules
from notifications import channel as channels
from notifications.channel import Accepted, OutcomeUnknown, PermanentFailure, TemporaryFailure
from notifications.claiming import Claimed
from notifications.models import Delivery
from notifications.outbox import LANE, UNSENT
from notifications.outcomes import Result
from notifications.states import Status

log = structlog.get_logger(__name__)

_AT_ONCE = 12  # calls per channel and process: a provider that hangs holds up no other
_LAST_CALLS = 12.0  # seconds a leaving worker waits for its calls; each ends within ten
_LOOK_AGAIN = 0.25  # seconds
_SEARCH = 5.0  # seconds of an attempt for finding out about an earlier one

Ended = tuple[Claimed, Result]

_calls: Bulkhead[Ended] = Bulkhead(_AT_ONCE, rings=partial(doorbell.press, LANE))
_kept: list[Ended] = []  # results that cannot be written down while somebody holds their incident


def next_due() -> datetime | None:
    """When the next message is due, or the next lease lapses (UTC)."""
    waiting = Delivery.objects.filter(status__in=UNSENT).aggregate(at=Min("due_at"))["at"]
    leased = Delivery.objects.filter(status=Status.SENDING).aggregate(at=Min("lease_until"))["at"]
    return min((each for each in (waiting, leased) if each is not None), default=None)


def leave() -> None:
    """Let the calls under way end, and record them."""
    until = time.monotonic() + _LAST_CALLS
    _calls.wait(_LAST_CALLS)
    _record_ended()
    while _kept and time.monotonic() < until:
        time.sleep(_LOOK_AGAIN)
        _record_ended()


@jobs.lane(LANE, order=40, next_due=next_due, leave=leave)
def run() -> int:
    """Record what has ended, and start what is due as far as there is room."""
    handled = _record_ended()
    work = claiming.work()
    if work.has_lapsed:
        handled += _give_up() + claiming.lapse()
        work = claiming.work()
    for slug in work.channels:
        room = _calls.free(slug)
        if room <= 0:
            continue
        claimed, seen = claiming.claim(slug, at_most=room)
        handled += seen
        if claimed:
            failpoints.reached("delivery.claimed")
        for each in claimed:
            _calls.start(slug, partial(attempt, each))
    return handled + _record_ended()


def attempt(claimed: Claimed) -> tuple[Claimed, Result]:
    """Call the provider once. Touches no database, so that it may run in any thread."""
    result = _send(claimed)
    if isinstance(result, Accepted):
        failpoints.reached("delivery.sent_not_recorded")
    return claimed, result


def _send(claimed: Claimed) -> Result:
    channel, outgoing = channels.CHANNELS.get(claimed.channel), claimed.outgoing
    if claimed.refused:
        return PermanentFailure(claimed.refused)
    if outgoing is None:
        return TemporaryFailure("internal_error")
    if channel is None or not channel.is_configured():
        return PermanentFailure(rules.NOT_CONFIGURED)
    try:
        with http.within(http.TOTAL):  # both together, so that no lease lapses while we are still at it
            found = _found(channel, outgoing) if claimed.is_unsure else None
            return found or channel.send(outgoing)
    except (TemporaryFailure, PermanentFailure, OutcomeUnknown) as failure:
        return failure
    except Exception:  # a fault of ours in one channel must not keep the person from her next method
        log.exception("channel.raised", delivery=claimed.delivery_id, channel=claimed.channel)
        return TemporaryFailure("internal_error")


def _found(channel: channels.Channel, outgoing: channels.Outgoing) -> Accepted | None:
    """What an earlier attempt brought about. Where the provider does not say, it is sent again."""
    try:
        with http.within(_SEARCH):
            return channel.find(outgoing)
    except (TemporaryFailure, PermanentFailure, OutcomeUnknown):
        return None


def _give_up() -> int:
    """End what no attempt comes back from, in sight of all."""
    ended = 0
    for pk in claiming.exhausted():
        try:
            outcomes.give_up(pk)
        except outcomes.Busy:
            continue
        except Exception as trouble:
            if claims.is_database_lost(trouble):
                raise
            if claims.is_about_rows(trouble):
                continue
            # Not even its end can be written down as it should be: bare, it is still seen.
            log.exception("delivery.not_given_up", delivery=pk)
            bare = {"status": Status.FAILED, "reason": "internal_error", "ended_at": clock.now()}
            Delivery.objects.filter(pk=pk).update(**bare, lease_token=None, lease_until=None)
        ended += 1
    return ended


def _record_ended() -> int:
    """Write down what has ended. What somebody holds stays ours and is written down later, out of the others' way."""
    ended = _calls.ended()
    waiting = [*_kept, *ended]
    if not waiting:
        return 0
    _kept[:] = _record(waiting)
    _calls.let_go(len(ended))
    if _kept:
        claiming.keep([claimed for claimed, _ in _kept])
    failpoints.reached("delivery.between")
    return len(waiting) - len(_kept)


def _record(ended: Sequence[Ended]) -> list[Ended]:
    """What providers took is recorded in one go; everything else, and whatever makes trouble there, one by one.

    Returns what cannot be recorded yet.
    """
    recorded = acceptance.record([(claimed, result) for claimed, result in ended if isinstance(result, Accepted)])
    later: list[Ended] = []
    held: set[int] = set()
    for claimed, result in ended:
        if claimed.delivery_id in recorded:
            continue
        if claimed.incident_id in held or not _is_recorded(claimed, result):
            later.append((claimed, result))
            held.update([claimed.incident_id] if claimed.incident_id is not None else [])
    return later


def _is_recorded(claimed: Claimed, result: Result) -> bool:
    """Whether it is done with; False where somebody holds what it would change."""
    try:
        outcomes.record(claimed, result)
    except outcomes.Busy:
        return False
    except Exception as trouble:
        if claims.is_database_lost(trouble):
            raise  # kept, and recorded when the database is back
        if claims.is_about_rows(trouble):
            return False
        # The row's lease lapses, and it is taken up again.
        log.exception("delivery.not_recorded", delivery=claimed.delivery_id)
        outcomes.count_fault(claimed, result)
    return True
