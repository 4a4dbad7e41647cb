"""Work that keeps it from happening again."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Role, User
from core import clock
from core.errors import Invalid, NotAllowed
from postmortems import action_items, reading, review
from postmortems.action_items import Wish
from postmortems.models import ActionItem, Postmortem
from tests.factories import a_user


def test_an_item_has_owner_and_day_and_stands_in_the_timeline(postmortem: Postmortem, ada: User, ben: User) -> None:
    day = clock.now().date() + timedelta(days=7)

    item = action_items.add(postmortem.pk, by=ada, wish=Wish("Alert on lag", owner=ben, due_on=day))

    assert (item.owner, item.due_on, item.is_overdue) == (ben, day, False)
    entry = postmortem.incident.timeline.latest("id")
    assert (entry.kind, entry.text) == ("action_item_added", "Action item added by ada on the web: Alert on lag")


def test_an_item_is_overdue_from_the_day_after(postmortem: Postmortem, ada: User) -> None:
    item = action_items.add(postmortem.pk, by=ada, wish=Wish("Alert on lag", due_on=clock.now().date()))
    later = action_items.add(postmortem.pk, by=ada, wish=Wish("Later", due_on=clock.now().date() + timedelta(days=9)))

    clock.move(timedelta(days=1))

    assert item.is_overdue
    assert not later.is_overdue
    assert list(reading.action_items(ada, {"overdue": "1"})) == [item]


def test_what_is_done_is_not_overdue_and_keeps_its_moment(postmortem: Postmortem, ada: User) -> None:
    item = action_items.add(postmortem.pk, by=ada, wish=Wish("x", due_on=clock.now().date()))
    clock.move(timedelta(days=2))

    action_items.change(item.pk, by=ada, wish=replace(action_items.wish_of(item), status=ActionItem.Status.DONE))

    item.refresh_from_db()
    assert not item.is_overdue
    assert item.done_at is not None
    assert postmortem.incident.timeline.latest("id").text == "Action item “x” is now done, said ada on the web."


def test_opening_an_item_again_forgets_when_it_was_done(postmortem: Postmortem, ada: User) -> None:
    item = action_items.add(postmortem.pk, by=ada, wish=Wish("x", status=ActionItem.Status.DONE))

    action_items.change(item.pk, by=ada, wish=Wish("x"))

    item.refresh_from_db()
    assert item.done_at is None


def test_saying_the_same_again_is_no_news(postmortem: Postmortem, ada: User) -> None:
    item = action_items.add(postmortem.pk, by=ada, wish=Wish("x", owner=ada))
    entries = postmortem.incident.timeline.count()

    assert not action_items.change(item.pk, by=ada, wish=Wish("x", owner=ada))
    assert postmortem.incident.timeline.count() == entries


def test_work_goes_on_after_approval(postmortem: Postmortem, ada: User, mia: User) -> None:
    item = action_items.add(postmortem.pk, by=ada, wish=Wish("x"))
    review.ask_for_review(postmortem.pk, by=ada)
    review.approve(postmortem.pk, by=mia)

    assert action_items.change(item.pk, by=ada, wish=Wish("x", status=ActionItem.Status.DONE))


@pytest.mark.parametrize("wish", [Wish(" "), Wish("x" * 301), Wish("x", status="someday")])
def test_an_unsound_wish_is_refused(postmortem: Postmortem, ada: User, wish: Wish) -> None:
    with pytest.raises(Invalid):
        action_items.add(postmortem.pk, by=ada, wish=wish)


def test_nobody_without_an_account_is_made_owner(postmortem: Postmortem, ada: User) -> None:
    gone = a_user(is_active=False)

    with pytest.raises(Invalid, match="no active account"):
        action_items.add(postmortem.pk, by=ada, wish=Wish("x", owner=gone))


def test_viewers_add_nothing(postmortem: Postmortem) -> None:
    with pytest.raises(NotAllowed):
        action_items.add(postmortem.pk, by=a_user(role=Role.VIEWER), wish=Wish("x"))


def test_what_belongs_to_somebody_who_left_can_be_closed(postmortem: Postmortem, ada: User, ben: User) -> None:
    item = action_items.add(postmortem.pk, by=ada, wish=Wish("x", owner=ben))
    User.objects.filter(pk=ben.pk).update(is_active=False)
    browser = Client()
    browser.force_login(ada)
    url = reverse("web:action-item", args=[item.pk])

    assert f'<option value="{ben.pk}" selected>' in browser.get(url).content.decode()
    answer = browser.post(url, {"title": "x", "owner": str(ben.pk), "status": "done"})

    item.refresh_from_db()
    assert answer.status_code == 302
    assert (item.status, item.owner) == (ActionItem.Status.DONE, ben)


def test_nothing_new_is_given_to_somebody_who_left(postmortem: Postmortem, ada: User, ben: User) -> None:
    item = action_items.add(postmortem.pk, by=ada, wish=Wish("x"))
    ben.is_active = False
    ben.save(update_fields=["is_active"])

    with pytest.raises(Invalid, match="no active account"):
        action_items.change(item.pk, by=ada, wish=Wish("x", owner=ben))
