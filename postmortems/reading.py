"""Lists of postmortems and action items: what people filter by, and the queries behind it."""

from collections.abc import Mapping

from django.db.models import Count, F, Q

from accounts.models import User
from core import clock
from core.errors import Invalid
from postmortems.models import ActionItem, ActionItemQuerySet, Postmortem, PostmortemQuerySet
from postmortems.states import Status

_YES = {"1", "true", "yes", "on"}


def postmortems(user: User, params: Mapping[str, str]) -> PostmortemQuerySet:
    """Postmortems this person may see, newest first, narrowed by `status`, `service`, `owner`, `mine` and `q`.

    Raises Invalid for a status that is not known.
    """
    found = (
        Postmortem.objects.visible_to(user)
        .select_related("incident__service__team", "owner", "approved_by", "updated_by")
        .annotate(open_items=Count("action_items", filter=Q(action_items__status=ActionItem.Status.OPEN)))
    )
    if status := _known(params, "status", list(Status)):
        found = found.filter(status=status)
    if service := _text(params, "service"):
        found = found.filter(incident__service__name=service)
    if owner := _text(params, "owner"):
        found = found.filter(owner__username=owner)
    if is_wished(params, "mine"):
        found = found.filter(owner=user)
    if q := _text(params, "q"):
        found = found.filter(Q(title__icontains=q) | Q(body__icontains=q))
    return found.order_by("-id")


def action_items(user: User, params: Mapping[str, str]) -> ActionItemQuerySet:
    """Action items this person may see, what is due first, narrowed by `status`, `owner`, `overdue`, `mine`,
    `postmortem`. Raises Invalid for a status that is not known.
    """
    found = ActionItem.objects.filter(postmortem__in=Postmortem.objects.visible_to(user)).select_related(
        "owner", "postmortem__incident__service"
    )
    if status := _known(params, "status", ActionItem.Status.values):
        found = found.filter(status=status)
    if owner := _text(params, "owner"):
        found = found.filter(owner__username=owner)
    if is_wished(params, "mine"):
        found = found.filter(owner=user)
    if is_wished(params, "overdue"):
        found = found.overdue(clock.now().date())
    if number := _number(params, "postmortem"):
        found = found.filter(postmortem=number)
    return found.order_by(F("due_on").asc(nulls_last=True), "id")


def is_wished(params: Mapping[str, str], name: str) -> bool:
    """Whether a URL's yes-or-no says yes."""
    return _text(params, name).lower() in _YES


def _text(params: Mapping[str, str], name: str) -> str:
    return params.get(name, "").replace("\0", "").strip()


def _number(params: Mapping[str, str], name: str) -> int | None:
    text = _text(params, name)
    if not text:
        return None
    if not text.isdecimal() or len(text) > 18:
        problem = f"Not a number: {text}."
        raise Invalid(problem, {name: problem})
    return int(text)


def _known(params: Mapping[str, str], name: str, known: list[str]) -> str:
    text = _text(params, name)
    if text and text not in known:
        problem = f"Not a {name}: {text}. Known are {', '.join(known)}."
        raise Invalid(problem, {name: problem})
    return text
