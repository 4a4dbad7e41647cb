"""From draft to approval, and who may do what."""

import pytest

from accounts.models import Role, User
from core.errors import Invalid, NotAllowed
from incidents.actor import Via
from postmortems import drafting, editing, review
from postmortems.editing import Stale
from postmortems.models import Postmortem
from postmortems.states import Move, MoveNotAllowed, Status
from tests.factories import a_user


def _status(postmortem: Postmortem) -> str:
    postmortem.refresh_from_db()
    return postmortem.status


def test_a_review_goes_back_and_forth_until_approval(postmortem: Postmortem, ada: User, mia: User) -> None:
    review.ask_for_review(postmortem.pk, by=ada)
    review.request_changes(postmortem.pk, by=mia, comment="Say what it cost.", via=Via.ADMIN)
    review.ask_for_review(postmortem.pk, by=ada, comment="Added.")
    review.approve(postmortem.pk, by=mia, via=Via.ADMIN)

    assert _status(postmortem) == Status.APPROVED
    assert postmortem.approved_by == mia
    assert [(each.by, each.move, each.comment) for each in postmortem.reviews.all()] == [
        (ada, "ask_for_review", ""),
        (mia, "request_changes", "Say what it cost."),
        (ada, "ask_for_review", "Added."),
        (mia, "approve", ""),
    ]


def test_each_move_is_written_in_the_incidents_timeline(postmortem: Postmortem, ada: User, mia: User) -> None:
    review.ask_for_review(postmortem.pk, by=ada, via=Via.API)
    review.approve(postmortem.pk, by=mia, via=Via.ADMIN)

    entries = postmortem.incident.timeline.filter(kind__startswith="postmortem_").order_by("id")
    assert [(each.kind, each.actor_name, each.via) for each in entries] == [
        ("postmortem_drafted", "ada", "web"),
        ("postmortem_review_asked", "ada", "api"),
        ("postmortem_approved", "mia", "admin"),
    ]


def test_changes_are_requested_with_a_comment_only(postmortem: Postmortem, ada: User, mia: User) -> None:
    review.ask_for_review(postmortem.pk, by=ada)

    with pytest.raises(Invalid, match="Say what should change"):
        review.request_changes(postmortem.pk, by=mia, comment="  ")

    assert _status(postmortem) == Status.IN_REVIEW


@pytest.mark.parametrize("what", [Move.APPROVE, Move.REQUEST_CHANGES, Move.REOPEN])
def test_responders_do_not_judge(postmortem: Postmortem, ada: User, ben: User, what: Move) -> None:
    review.ask_for_review(postmortem.pk, by=ada)

    with pytest.raises(NotAllowed, match="manager"):
        review.move(postmortem.pk, what, by=ben, comment="x")


def test_viewers_ask_for_nothing(postmortem: Postmortem) -> None:
    with pytest.raises(NotAllowed):
        review.ask_for_review(postmortem.pk, by=a_user(role=Role.VIEWER))


def test_a_manager_does_not_approve_her_own(postmortem: Postmortem, mia: User) -> None:
    postmortem.owner = mia
    postmortem.save(update_fields=["owner"])
    review.ask_for_review(postmortem.pk, by=mia)

    with pytest.raises(review.OwnWork):
        review.approve(postmortem.pk, by=mia)

    assert _status(postmortem) == Status.IN_REVIEW


def test_an_admin_may_approve_her_own(incident: object, root: User) -> None:
    postmortem = drafting.draft(incident.pk, by=root)  # type: ignore[attr-defined]  # the fixture's incident
    review.ask_for_review(postmortem.pk, by=root)

    assert review.approve(postmortem.pk, by=root)


def test_a_text_that_changed_meanwhile_is_not_approved(postmortem: Postmortem, ada: User, mia: User) -> None:
    review.ask_for_review(postmortem.pk, by=ada)
    seen = postmortem.version
    editing.edit(postmortem.pk, by=ada, version=seen, title="Lag", body="Other")

    with pytest.raises(Stale):
        review.approve(postmortem.pk, by=mia, version=seen)

    assert _status(postmortem) == Status.IN_REVIEW


def test_pressing_twice_is_no_news(postmortem: Postmortem, ada: User) -> None:
    review.ask_for_review(postmortem.pk, by=ada)

    assert not review.ask_for_review(postmortem.pk, by=ada)
    assert postmortem.reviews.count() == 1


def test_a_draft_is_not_approved_without_review(postmortem: Postmortem, mia: User) -> None:
    with pytest.raises(MoveNotAllowed):
        review.approve(postmortem.pk, by=mia)


def test_a_reopened_one_is_a_draft_again(postmortem: Postmortem, ada: User, mia: User) -> None:
    review.ask_for_review(postmortem.pk, by=ada)
    review.approve(postmortem.pk, by=mia)

    review.reopen(postmortem.pk, by=mia, comment="New evidence")

    assert _status(postmortem) == Status.DRAFT
    assert postmortem.approved_by is None
