"""Two people who write at once lose nothing."""

import pytest

from accounts.models import Role, User
from core.errors import Invalid, NotAllowed
from postmortems import editing, review
from postmortems.models import Postmortem
from tests.factories import a_user


def test_a_save_keeps_text_and_writer_and_counts_the_version(postmortem: Postmortem, ben: User) -> None:
    editing.edit(postmortem.pk, by=ben, version=1, title=" Lag ", body="a\r\nb")

    postmortem.refresh_from_db()
    assert (postmortem.title, postmortem.body, postmortem.version) == ("Lag", "a\nb", 2)
    assert postmortem.updated_by == ben


def test_a_stale_save_changes_nothing_and_shows_what_stands(postmortem: Postmortem, ada: User, ben: User) -> None:
    editing.edit(postmortem.pk, by=ben, version=1, title="Lag", body="ben's")

    with pytest.raises(editing.Stale, match="changed by ben") as refusal:
        editing.edit(postmortem.pk, by=ada, version=1, title="Lag", body="ada's")

    postmortem.refresh_from_db()
    assert postmortem.body == "ben's"
    assert (refusal.value.current.body, refusal.value.current.version) == ("ben's", 2)


def test_saving_the_same_twice_is_no_conflict(postmortem: Postmortem, ada: User) -> None:
    editing.edit(postmortem.pk, by=ada, version=1, title="Lag", body="x")

    assert editing.edit(postmortem.pk, by=ada, version=1, title="Lag", body="x").version == 2


def test_an_approved_one_is_not_edited(postmortem: Postmortem, ada: User, mia: User) -> None:
    review.ask_for_review(postmortem.pk, by=ada)
    review.approve(postmortem.pk, by=mia)

    with pytest.raises(editing.AlreadyApproved):
        editing.edit(postmortem.pk, by=ada, version=1, title="Lag", body="x")


@pytest.mark.parametrize(("title", "body"), [("", "x"), ("x" * 301, "x"), ("x", "x" * 500_001)])
def test_what_does_not_fit_is_refused(postmortem: Postmortem, ada: User, title: str, body: str) -> None:
    with pytest.raises(Invalid):
        editing.edit(postmortem.pk, by=ada, version=1, title=title, body=body)


def test_viewers_do_not_write(postmortem: Postmortem) -> None:
    with pytest.raises(NotAllowed):
        editing.edit(postmortem.pk, by=a_user(role=Role.VIEWER), version=1, title="x", body="y")
