"""The lane that sends: claim, commit, call the provider, record. Any number of workers may do it at once."""

from datetime import datetime
from functools import partial

import structlog
from django.db import InterfaceError, OperationalError
from django.db.models import Min

from core import doorbell, failpoints, jobs
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

_calls: Bulkhead[tuple[Claimed, Result]] = Bulkhead(_AT_ONCE, rings=partial(doorbell.press, LANE))


def next_due() -> datetime | None:
    """When the next message is due, or the next lease lapses (UTC)."""
    waiting = Delivery.objects.filter(status__in=UNSENT).aggregate(at=Min("due_at"))["at"]
    leased = Delivery.objects.filter(status=Status.SENDING).aggregate(at=Min("lease_until"))["at"]
    return min((each for each in (waiting, leased) if each is not None), default=None)


def leave() -> None:
    """Let the calls under way end, and record them."""
    _calls.wait(_LAST_CALLS)
    _record_ended()


@jobs.lane(LANE, order=40, next_due=next_due, leave=leave)
def run() -> int:
    """Record what has ended, and start what is due as far as there is room."""
    handled = _record_ended()
    work = claiming.work()
    if work.has_lapsed:
        handled += claiming.lapse()
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
        if claimed.is_unsure:
            found = _found(channel, outgoing)
            if found is not None:
                return found
        return channel.send(outgoing)
    except (TemporaryFailure, PermanentFailure, OutcomeUnknown) as failure:
        return failure
    except Exception:  # a fault of ours in one channel must not keep the person from her next method
        log.exception("channel.raised", delivery=claimed.delivery_id, channel=claimed.channel)
        return TemporaryFailure("internal_error")


def _found(channel: channels.Channel, outgoing: channels.Outgoing) -> Accepted | None:
    """What an earlier attempt brought about. Where the provider does not say, it is sent again."""
    try:
        return channel.find(outgoing)
    except (TemporaryFailure, PermanentFailure, OutcomeUnknown):
        return None


def _record_ended() -> int:
    """What providers took is recorded in one go; everything else, and whatever makes trouble there, one by one."""
    ended = _calls.ended()
    if not ended:
        return 0
    taken = [(claimed, result) for claimed, result in ended if isinstance(result, Accepted)]
    recorded = acceptance.record(taken)
    for claimed, result in ended:
        if claimed.delivery_id in recorded:
            continue
        try:
            outcomes.record(claimed, result)
        except (OperationalError, InterfaceError):
            raise  # kept, and recorded when the database is back
        except Exception:  # the row's lease lapses, and it is taken up again
            log.exception("delivery.not_recorded", delivery=claimed.delivery_id)
    _calls.let_go(len(ended))
    failpoints.reached("delivery.between")
    return len(ended)
