"""Silences: who mutes what, until when and why. Made, changed and ended by people; never deleted."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction

from alerts.models import Alert, Integration
from alerts.muting import matchers
from alerts.muting.matchers import Matcher, NotAMatcher
from alerts.muting.models import Silence, SilenceState
from alerts.muting.watches import LANE
from catalog.models import Service
from core import clock, jobs
from core.errors import DomainError, Invalid

LONGEST = timedelta(days=366 * 5)
LONGEST_COMMENT = 2000
LONGEST_OWNER = 150
_MOST_FROM_INCIDENT = 1000  # alerts that are looked at for what they have in common


class SilenceIsOver(DomainError):
    """It has expired: a new one is to be made."""

    code = "silence_is_over"


@dataclass(frozen=True)
class SilenceWish:
    """What a silence shall be."""

    matchers: Sequence[str]
    ends_at: datetime
    comment: str
    starts_at: datetime | None = None  # now
    service: Service | None = None
    integration: Integration | None = None


def create(wish: SilenceWish, *, owner: str) -> Silence:
    """Mute what these matchers match. Raises Invalid, naming the field."""
    now = clock.now()
    silence = Silence(created_by=owner[:LONGEST_OWNER], created_at=now)
    _fill(silence, wish, now)
    silence.save(force_insert=True)
    jobs.ring(LANE, silence.pk)
    return silence


@transaction.atomic
def change(silence_id: int, wish: SilenceWish, *, owner: str = "") -> Silence:
    """Make it so instead. Raises Invalid; SilenceIsOver; Silence.DoesNotExist."""
    now = clock.now()
    silence = Silence.objects.select_for_update(no_key=True).get(pk=silence_id)
    if silence.state is SilenceState.EXPIRED:
        raise SilenceIsOver(f"Silence {silence_id} has expired. Make a new one.")
    if silence.is_for_nothing:
        raise SilenceIsOver(f"What silence {silence_id} was for has been deleted. Make a new one.")
    if wish.starts_at is None or silence.starts_at <= now:
        # What has begun has begun: it may end at another time, but not begin at one.
        wish = SilenceWish(**{**wish.__dict__, "starts_at": silence.starts_at})
    _fill(silence, wish, now, was=silence.starts_at)
    silence.created_by = owner[:LONGEST_OWNER] or silence.created_by
    silence.save()
    jobs.ring(LANE, silence.pk)
    return silence


@transaction.atomic
def expire(silence_id: int, *, by: str) -> bool:
    """End it now. False where it is over already. Raises Silence.DoesNotExist."""
    now = clock.now()
    silence = Silence.objects.select_for_update(no_key=True).get(pk=silence_id)
    if silence.state is SilenceState.EXPIRED:
        return False
    silence.starts_at, silence.ends_at = min(silence.starts_at, now), now
    silence.ended_by, silence.changed_at, silence.due_at = by[:LONGEST_OWNER], now, now
    silence.save(update_fields=["starts_at", "ends_at", "ended_by", "changed_at", "due_at"])
    jobs.ring(LANE, silence.pk)
    return True


def checked(texts: Sequence[str], *, field: str = "matchers") -> list[str]:
    """Matchers as they are kept. Raises Invalid."""
    try:
        read = matchers.read_all(texts)
        problem = matchers.check(read)
    except NotAMatcher as trouble:
        problem = str(trouble)
    if problem:
        raise Invalid(problem, {field: problem})
    return matchers.written(read)


def common_matchers(incident_id: int) -> list[str]:
    """What all that fires in an incident has in common, as matchers; else the titles. Empty where nothing fires."""
    firing = Alert.objects.filter(incident=incident_id).exclude(status="resolved").order_by("-id")
    rows = list(firing.values_list("labels", "title")[:_MOST_FROM_INCIDENT])
    if not rows:
        rows = list(Alert.objects.filter(incident=incident_id).order_by("-id").values_list("labels", "title")[:50])
    if not rows:
        return []
    labels = [each for each, _ in rows]
    same = {name: value for name, value in labels[0].items() if value and all(x.get(name) == value for x in labels)}
    if same:
        return matchers.written(Matcher(name, "=", value) for name, value in sorted(same.items()) if len(value) <= 500)
    titles = {title for _, title in rows}
    return matchers.written([Matcher("title", "=", next(iter(titles)))]) if len(titles) == 1 else []


def _fill(silence: Silence, wish: SilenceWish, now: datetime, *, was: datetime | None = None) -> None:
    starts_at = wish.starts_at if wish.starts_at is not None and (wish.starts_at > now or was is not None) else now
    if wish.ends_at <= now or wish.ends_at <= starts_at:
        problem = "It ends before it begins to matter: name a moment ahead."
        raise Invalid(problem, {"ends_at": problem})
    if wish.ends_at - now > LONGEST:
        problem = "A silence lasts five years at most."
        raise Invalid(problem, {"ends_at": problem})
    comment = wish.comment.replace("\0", "").strip()
    if not comment or len(comment) > LONGEST_COMMENT:
        problem = f"Say why, in 1 to {LONGEST_COMMENT} characters: others will want to know."
        raise Invalid(problem, {"comment": problem})
    silence.matchers = checked(wish.matchers)
    silence.starts_at, silence.ends_at, silence.comment = starts_at, wish.ends_at, comment
    silence.service, silence.integration = wish.service, wish.integration
    silence.is_for_service, silence.is_for_integration = wish.service is not None, wish.integration is not None
    silence.changed_at = silence.due_at = now
