"""Maintenance windows: planned work, once or again and again. Made, changed and ended early by people."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo, available_timezones

from django.db import transaction

from alerts.models import Integration
from alerts.muting import locking, recurrence, silences
from alerts.muting.models import MaintenanceWindow
from alerts.muting.watches import LANE, look_at_caused
from catalog.models import Service
from core import clock, jobs
from core.errors import DomainError, Invalid

LONGEST_COMMENT = 2000
NO_SCOPE = "Say what it mutes: services, integrations or matchers."
_EARLIEST, _LATEST = 2000, 2100


class WindowIsNotOn(DomainError):
    """Only what is on can be ended."""

    code = "window_is_not_on"


@dataclass(frozen=True)
class WindowWish:
    """What a window shall be. `starts` is local and without a zone."""

    name: str
    starts: datetime
    duration: timedelta
    time_zone: str = "UTC"
    recurrence: str = ""
    comment: str = ""
    matchers: Sequence[str] = ()
    services: Sequence[Service] = ()
    integrations: Sequence[Integration] = ()
    is_active: bool = True


def plan_of(window: MaintenanceWindow) -> recurrence.Plan:
    """When it is on."""
    return recurrence.Plan(window.starts, window.duration, window.time_zone, window.recurrence)


def wish_of(window: MaintenanceWindow) -> WindowWish:
    """What it is, as a wish: to be changed in parts."""
    return WindowWish(
        name=window.name,
        starts=window.starts,
        duration=window.duration,
        time_zone=window.time_zone,
        recurrence=window.recurrence,
        comment=window.comment,
        matchers=tuple(window.matchers),
        services=tuple(window.services.all()),
        integrations=tuple(window.integrations.all()),
        is_active=window.is_active,
    )


def local_now(time_zone: str) -> datetime:
    """This minute by the clock on the wall there. Raises Invalid."""
    if time_zone not in available_timezones():
        problem = f"“{time_zone[:60]}” is not an IANA time zone, like Europe/Berlin."
        raise Invalid(problem, {"time_zone": problem})
    return clock.now().astimezone(ZoneInfo(time_zone)).replace(second=0, microsecond=0, tzinfo=None)


def place(window: MaintenanceWindow, now: datetime) -> datetime | None:
    """Reckon the time that is on or comes next. Returns when that is to be done again.

    Occurrences without a gap between them are one time. It is reckoned anew when the first of them is over: where they
    follow one another without end, it never is.
    """
    coming = recurrence.unbroken(plan_of(window), now, ended_at=window.ended_at) if window.is_active else []
    if not coming:
        window.occurrence_starts_at = window.occurrence_ends_at = None
        return None
    first = coming[0]
    window.occurrence_starts_at, window.occurrence_ends_at = first.start, coming[-1].end
    return first.end if first.start <= now else first.start


def place_anew(window: MaintenanceWindow, *, services: bool, integrations: bool) -> None:
    """The same of a window that is about to be saved in the admin, with all that a change brings about.

    `services` and `integrations` say whether it is for certain ones.
    """
    now = clock.now()
    lost = lost_scope(window)
    window.is_for_services = services or "services" in lost
    window.is_for_integrations = integrations or "integrations" in lost
    place(window, now)
    window.changed_at = window.due_at = now
    jobs.ring(LANE)


def lost_scope(window: MaintenanceWindow) -> dict[str, str]:
    """Whether all services or all integrations it was for have been deleted: a sentence by field.

    Until others are named it stays for nothing: it may not become a window for all of them.
    """
    if not window.pk:
        return {}
    lost = {}
    for field, is_narrow in (("services", window.is_for_services), ("integrations", window.is_for_integrations)):
        if is_narrow and not getattr(window, field).exists():
            lost[field] = f"All {field} it was for have been deleted. Name others, or make a new window without them."
    return lost


def combined(day: date, at: time) -> datetime:
    """A local moment, to the minute."""
    return datetime.combine(day, at.replace(second=0, microsecond=0))


def upcoming(window: MaintenanceWindow, *, most: int = 3) -> list[recurrence.Occurrence]:
    """Its next occurrences, the one that is on included."""
    if not window.is_active:
        return []
    return recurrence.upcoming(plan_of(window), clock.now(), most=most, ended_at=window.ended_at)


@transaction.atomic
def create(wish: WindowWish, *, owner: str) -> MaintenanceWindow:
    """Plan it. Raises Invalid, naming the field."""
    window = MaintenanceWindow(created_by=owner[: silences.LONGEST_OWNER])
    _fill(window, wish)
    return window


@transaction.atomic
def change(window_id: int, wish: WindowWish) -> MaintenanceWindow:
    """Make it so instead. Raises Invalid, and MaintenanceWindow.DoesNotExist."""
    window = MaintenanceWindow.objects.select_for_update(no_key=True).get(pk=window_id)
    lost = {field: problem for field, problem in lost_scope(window).items() if not getattr(wish, field)}
    if lost and wish.is_active:
        raise Invalid(next(iter(lost.values())), lost)
    _fill(window, wish)
    return window


@transaction.atomic
def end(window_id: int, *, by: str) -> None:
    """End the occurrence that is on; later ones come as planned. Raises WindowIsNotOn, and DoesNotExist."""
    now = clock.now()
    window = MaintenanceWindow.objects.select_for_update(no_key=True).get(pk=window_id)
    if not window.is_on:
        raise WindowIsNotOn(f"“{window.name}” is not on now.")
    window.ended_at, window.ended_by = now, by[: silences.LONGEST_OWNER]
    place(window, now)
    window.changed_at = window.due_at = now
    window.save(
        update_fields=["ended_at", "ended_by", "occurrence_starts_at", "occurrence_ends_at", "changed_at", "due_at"]
    )
    jobs.ring(LANE, window.pk)


@transaction.atomic
def switch_off(window_id: int, *, by: str) -> None:
    """It is on no more until somebody switches it on again. Raises DoesNotExist."""
    now = clock.now()
    window = MaintenanceWindow.objects.select_for_update(no_key=True).get(pk=window_id)
    window.is_active, window.ended_at, window.ended_by = False, now, by[: silences.LONGEST_OWNER]
    place(window, now)
    window.changed_at = window.due_at = now
    window.save()
    jobs.ring(LANE, window.pk)


@transaction.atomic
def delete(window_id: int) -> None:
    """Take it away, with whatever it mutes."""
    locking.lock_out_others()  # or a batch that still sees it would leave an incident muted by what is gone
    look_at_caused([f"window:{window_id}"], now=clock.now())
    MaintenanceWindow.objects.filter(pk=window_id).delete()


def check(wish: WindowWish) -> dict[str, str]:
    """What is wrong with a window, by field."""
    problems: dict[str, str] = {}
    if wish.time_zone not in available_timezones():
        problems["time_zone"] = f"“{wish.time_zone[:60]}” is not an IANA time zone, like Europe/Berlin."
    if not _EARLIEST <= wish.starts.year <= _LATEST:
        problems["starts"] = f"Name a year from {_EARLIEST} to {_LATEST}."
    if not timedelta(minutes=1) <= wish.duration <= recurrence.LONGEST:
        problems["duration"] = "A window lasts from a minute to a year."
    if wish.recurrence:
        problem = recurrence.check_rule(wish.recurrence, wish.starts)
        if problem:
            problems["recurrence"] = problem
    if len(wish.comment) > LONGEST_COMMENT:
        problems["comment"] = f"At most {LONGEST_COMMENT} characters."
    return problems


def _fill(window: MaintenanceWindow, wish: WindowWish) -> None:
    problems = check(wish)
    if not wish.matchers and not wish.services and not wish.integrations:
        problems["services"] = NO_SCOPE
    same = MaintenanceWindow.objects.filter(name=wish.name).exclude(pk=window.pk)
    if not wish.name.strip() or same.exists():
        problems["name"] = "Another window has this name." if wish.name.strip() else "Give it a name."
    if problems:
        raise Invalid(next(iter(problems.values())), problems)
    window.matchers = silences.checked(wish.matchers) if wish.matchers else []
    now = clock.now()
    starts = wish.starts.replace(second=0, microsecond=0)
    was = window.starts if window.pk else None
    is_other_plan = (was, window.duration, window.time_zone, window.recurrence) != (
        starts,
        wish.duration,
        wish.time_zone,
        wish.recurrence,
    )
    if is_other_plan:
        window.ended_at, window.ended_by = None, ""  # an occurrence that was ended is none of this plan's
    window.name, window.comment = wish.name.strip(), wish.comment.replace("\0", "").strip()
    window.start_date, window.start_time, window.duration = starts.date(), starts.time(), wish.duration
    window.time_zone, window.recurrence = wish.time_zone, wish.recurrence
    window.is_active = wish.is_active
    lost = lost_scope(window)
    window.is_for_services = bool(wish.services) or "services" in lost
    window.is_for_integrations = bool(wish.integrations) or "integrations" in lost
    place(window, now)
    window.changed_at = window.due_at = now
    window.save()
    window.services.set(wish.services)
    window.integrations.set(wish.integrations)
    jobs.ring(LANE, window.pk)
