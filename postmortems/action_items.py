"""Adding and changing action items. They stay open to change after their postmortem is approved: work goes on."""

from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from datetime import date

from django.db import transaction

from accounts.access import require
from accounts.models import Role, User
from core import clock
from core.errors import Invalid
from incidents import timeline
from incidents.actor import Via, person
from postmortems.models import ActionItem
from postmortems.review import locked


@dataclass(frozen=True)
class Wish:
    """What an action item is to say."""

    title: str
    owner: User | None = None
    due_on: date | None = None
    status: str = ActionItem.Status.OPEN


@transaction.atomic
def add(postmortem_id: int, *, by: User, wish: Wish, via: Via = Via.WEB) -> ActionItem:
    """A new action item. Raises Invalid, NotAllowed, Incident.DoesNotExist."""
    require(by, Role.RESPONDER)
    wish = sound(wish)
    postmortem = locked(postmortem_id)
    item = ActionItem(postmortem=postmortem)
    _fill(item, wish)
    item.save()
    timeline.record(
        postmortem.incident,
        kind="action_item_added",
        by=person(by, via),
        text=f"Action item added by {person(by, via).phrase}: {item.title}",
        action_item_id=item.pk,
    )
    return item


@transaction.atomic
def change(item_id: int, *, by: User, wish: Wish, via: Via = Via.WEB) -> bool:
    """Make the item say what is wished. False if it does already. Raises Invalid, NotAllowed, DoesNotExist."""
    require(by, Role.RESPONDER)
    postmortem = locked(ActionItem.objects.values_list("postmortem_id", flat=True).get(pk=item_id))
    item = ActionItem.objects.select_for_update(no_key=True, of=("self",)).select_related("owner").get(pk=item_id)
    wish = sound(wish, owner_before=item.owner)
    changed = [each.name for each in fields(Wish) if getattr(item, each.name) != getattr(wish, each.name)]
    if not changed:
        return False
    _fill(item, wish)
    item.save(update_fields=["title", "owner", "due_on", "status", "done_at"])
    timeline.record(
        postmortem.incident,
        kind="action_item_changed",
        by=person(by, via),
        text=_sentence(item, changed, person(by, via).phrase),
        action_item_id=item.pk,
        changed=changed,
    )
    return True


def wish_of(item: ActionItem) -> Wish:
    """What it says now, to change a part of it."""
    return Wish(item.title, item.owner, item.due_on, item.status)


def sound(wish: Wish, *, owner_before: User | None = None) -> Wish:
    """The wish as it can be kept. What belongs to somebody who left may stay hers. Raises Invalid, by field."""
    problems = {}
    title = wish.title.replace("\0", "").strip()
    if not title or len(title) > ActionItem.LONGEST_TITLE:
        problems["title"] = f"Say in 1 to {ActionItem.LONGEST_TITLE} characters what is to be done."
    if wish.status not in ActionItem.Status.values:
        problems["status"] = f"Known are {', '.join(ActionItem.Status.values)}."
    if wish.owner is not None and wish.owner != owner_before and not wish.owner.is_active:
        problems["owner"] = f"{wish.owner} has no active account."
    if problems:
        raise Invalid(" ".join(problems.values()), problems)
    return replace(wish, title=title)


def _fill(item: ActionItem, wish: Wish) -> None:
    item.title, item.owner, item.due_on = wish.title, wish.owner, wish.due_on
    if wish.status == ActionItem.Status.DONE:
        item.done_at = item.done_at or clock.now()
    else:
        item.done_at = None
    item.status = wish.status


def _sentence(item: ActionItem, changed: Iterable[str], who: str) -> str:
    if "status" in changed:
        return f"Action item “{item.title}” is now {item.get_status_display().lower()}, said {who}."
    return f"Action item “{item.title}” changed by {who}."
