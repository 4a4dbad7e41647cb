"""Lists of incidents: what people filter by, and the queries behind it."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.db.models import Exists, OuterRef, Q

from accounts.models import User
from core.errors import Invalid
from incidents.likeness import likeness, trigrams
from incidents.models import Incident, IncidentQuerySet, TimelineEntry, Urgency
from incidents.states import OPEN, Status

ALIKE_FROM = 0.5  # likeness of titles that is worth a suggestion
_LOOKED_AT = 200  # open incidents, the newest
_SUGGESTED = 3
PERSON_PAGED = "person_paged"  # recorded by escalation, for each person of each step


@dataclass(frozen=True)
class Wanted:
    """Which incidents somebody wants to see; what is empty does not narrow the list."""

    statuses: frozenset[Status] = frozenset()
    service: str = ""
    team: str = ""
    urgency: str = ""
    q: str = ""
    is_mine: bool = False


def wanted(params: Mapping[str, str]) -> Wanted:
    """Read `status`, `service`, `team`, `urgency`, `q` and `mine` as a URL has them.

    Several statuses are parted by commas; `open` stands for all that are not resolved. Raises Invalid, naming what
    is known, for a status or urgency that is not.
    """
    return Wanted(
        statuses=_statuses(params.get("status", "")),
        service=_plain(params.get("service", "")),
        team=_plain(params.get("team", "")),
        urgency=_urgency(params.get("urgency", "").strip()),
        q=_plain(params.get("q", "")),
        is_mine=params.get("mine", "").strip().lower() in {"1", "true", "yes", "on"},
    )


def incidents(user: User, wish: Wanted) -> IncidentQuerySet:
    """The incidents this person may see and wants to, newest first, with what a list shows of each."""
    found = Incident.objects.visible_to(user).select_related(*_SHOWN)
    if wish.statuses:
        found = found.filter(status__in=wish.statuses)
    if wish.service:
        found = found.filter(service__name=wish.service)
    if wish.team:
        found = found.filter(service__team__name=wish.team)
    if wish.urgency:
        found = found.filter(urgency=wish.urgency)
    if wish.q:
        found = _mentioning(found, wish)
    if wish.is_mine:
        found = found.filter(_concerns(user))
    return found.order_by("-id")


_SHOWN = ("service__team", "acknowledged_by", "resolved_by")


def _plain(text: str) -> str:
    """PostgreSQL has no NUL in text."""
    return text.replace("\0", "").strip()


def _mentioning(found: IncidentQuerySet, wish: Wanted) -> IncidentQuerySet:
    """Those with these words, or this number. What is over is looked for by an index of its own, the rest is little."""
    mentions = _mentions(wish.q)
    if wish.statuses and (Status.RESOLVED not in wish.statuses or len(wish.statuses) == 1):
        return found.filter(mentions)
    over = Incident.objects.filter(mentions, status=Status.RESOLVED).order_by().values("pk")
    standing = Incident.objects.exclude(status=Status.RESOLVED).filter(mentions).order_by().values("pk")
    return found.filter(pk__in=over.union(standing, all=True))


def _mentions(q: str) -> Q:
    number = q.removeprefix("#")
    by_number = Q(pk=int(number)) if number.isdecimal() and len(number) < 18 else Q()
    return Q(title__icontains=q) | Q(group_key__icontains=q) | Q(description__icontains=q) | by_number


def _concerns(user: User) -> Q:
    """Of one of her teams, acknowledged by her, or she was paged for it."""
    paged = TimelineEntry.objects.filter(
        incident=OuterRef("pk"), kind=PERSON_PAGED, details__contains={"user_id": user.pk}
    )
    return Q(service__team__in=user.teams.all()) | Q(acknowledged_by=user) | Q(Exists(paged))


def alike(user: User, incident: Incident) -> list[Incident]:
    """Other open incidents whose titles look much like this one's, the likest first: to be merged, if people agree."""
    if not incident.is_open:
        return []
    others = Incident.objects.visible_to(user).open().exclude(pk=incident.pk).order_by("-id")
    looks = trigrams(incident.title)
    found = [(likeness(looks, trigrams(other.title)), other) for other in others.select_related("service")[:_LOOKED_AT]]
    likely = sorted((each for each in found if each[0] >= ALIKE_FROM), key=lambda each: -each[0])
    return [other for _, other in likely[:_SUGGESTED]]


def _statuses(text: str) -> frozenset[Status]:
    names = {name.strip() for name in text.split(",") if name.strip()}
    unknown = names - set(Status) - {"open"}
    if unknown:
        problem = f"Not a status: {', '.join(sorted(unknown))}. Known are open, {', '.join(Status)}."
        raise Invalid(problem, {"status": problem})
    named = frozenset(Status(name) for name in names if name != "open")
    return named | OPEN if "open" in names else named


def _urgency(text: str) -> str:
    if text and text not in Urgency.values:
        problem = f"Not an urgency: {text}. Known are {', '.join(Urgency.values)}."
        raise Invalid(problem, {"urgency": problem})
    return text
