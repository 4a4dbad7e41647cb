"""Managers review postmortems in the admin."""

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Role, User
from incidents import lifecycle
from postmortems import action_items, drafting, editing, review
from postmortems.action_items import Wish
from postmortems.models import ActionItem, Postmortem, Template
from tests.admin.filled import filled
from tests.factories import a_service, a_user, an_incident, by


@pytest.fixture
def ada(db: None) -> User:
    return a_user("ada")


@pytest.fixture
def postmortem(ada: User) -> Postmortem:
    """In review."""
    incident = an_incident("Replica lag", service=a_service("checkout"))
    lifecycle.resolve(incident.pk, by=by(ada))
    made = drafting.draft(incident.pk, by=ada)
    review.ask_for_review(made.pk, by=ada)
    return made


def _url(postmortem: Postmortem, page: str = "change") -> str:
    return reverse(f"admin:postmortems_postmortem_{page}", args=[postmortem.pk])


def _press(client: Client, postmortem: Postmortem, button: str, comment: str = "", version: int = 1) -> int:
    answer = client.post(f"{_url(postmortem, button)}?version={version}", {"_form_submitted": "on", "comment": comment})
    postmortem.refresh_from_db()
    return answer.status_code


def test_the_queue_holds_what_waits(manager: Client, postmortem: Postmortem) -> None:
    queue = reverse("admin:postmortems_postmortem_changelist")

    assert postmortem.title in manager.get(f"{queue}?status__exact=in_review").content.decode()
    assert postmortem.title not in manager.get(f"{queue}?status__exact=approved").content.decode()
    assert postmortem.title in manager.get("/admin/").content.decode()


def test_the_document_is_read_as_it_reads(manager: Client, postmortem: Postmortem) -> None:
    page = manager.get(_url(postmortem)).content.decode()

    assert "<h2>Timeline</h2>" in page
    assert "<td>Opened by prometheus.</td>" in page
    assert f"{_url(postmortem, 'approve')}?version=1" in page


def test_a_manager_approves_with_a_comment(manager: Client, postmortem: Postmortem) -> None:
    assert _press(manager, postmortem, "approve", "Well told.") == 302

    assert postmortem.status == "approved"
    assert postmortem.reviews.latest("id").comment == "Well told."
    entry = postmortem.incident.timeline.latest("id")
    assert (entry.kind, entry.actor_name, entry.via) == ("postmortem_approved", "the-manager", "admin")


def test_a_manager_requests_changes_and_says_which(manager: Client, postmortem: Postmortem) -> None:
    without = _press(manager, postmortem, "request_changes")
    assert (without, postmortem.status) == (200, "in_review")

    _press(manager, postmortem, "request_changes", "Say what it cost.")

    assert postmortem.status == "changes_requested"
    assert "Say what it cost." in manager.get(_url(postmortem)).content.decode()


def test_looking_at_the_question_approves_nothing(manager: Client, postmortem: Postmortem) -> None:
    assert manager.get(_url(postmortem, "approve")).status_code == 200

    postmortem.refresh_from_db()
    assert postmortem.status == "in_review"


def test_a_text_that_changed_since_it_was_read_is_not_approved(
    manager: Client, postmortem: Postmortem, ada: User
) -> None:
    editing.edit(postmortem.pk, by=ada, version=1, title="Lag", body="Other")

    _press(manager, postmortem, "approve", version=1)

    assert postmortem.status == "in_review"
    assert "at version 2 now" in manager.get(_url(postmortem)).content.decode()


def test_a_manager_has_no_button_to_approve_her_own(manager: Client, postmortem: Postmortem) -> None:
    postmortem.owner = User.objects.get(role=Role.MANAGER)
    postmortem.save(update_fields=["owner"])

    assert _url(postmortem, "approve") not in manager.get(_url(postmortem)).content.decode()
    assert _press(manager, postmortem, "approve") == 403
    assert postmortem.status == "in_review"


def test_an_approved_one_is_reopened(manager: Client, postmortem: Postmortem) -> None:
    _press(manager, postmortem, "approve")

    _press(manager, postmortem, "reopen", "New evidence")

    assert postmortem.status == "draft"


def test_the_markdown_is_taken_away(manager: Client, postmortem: Postmortem) -> None:
    answer = manager.get(_url(postmortem, "download"))

    assert answer.headers["Content-Type"] == "text/markdown; charset=utf-8"
    assert "| Opened by prometheus. |" in answer.content.decode()


def test_an_action_item_changed_here_stands_in_the_timeline(manager: Client, postmortem: Postmortem, ada: User) -> None:
    item = action_items.add(postmortem.pk, by=ada, wish=Wish("Alert on lag"))
    url = reverse("admin:postmortems_actionitem_change", args=[item.pk])

    manager.post(url, {**filled(manager, url), "owner": str(ada.pk), "status": "done"})

    item.refresh_from_db()
    assert (item.owner, item.status) == (ada, "done")
    assert postmortem.incident.timeline.latest("id").via == "admin"


def test_an_action_item_is_added_here(manager: Client, postmortem: Postmortem) -> None:
    url = reverse("admin:postmortems_actionitem_add")

    answer = manager.post(
        url,
        {**filled(manager, url), "postmortem": str(postmortem.pk), "title": "Alert on lag", "due_on": "2099-01-02"},
    )

    assert answer.status_code == 302
    assert ActionItem.objects.get().due_on is not None


def test_a_template_is_written_as_text_and_becomes_the_default(manager: Client) -> None:
    url = reverse("admin:postmortems_template_add")

    manager.post(
        url, {**filled(manager, url), "name": "Short", "is_default": "on", "text": "## Why\nSay it.\n{timeline}"}
    )

    assert Template.objects.get(is_default=True).sections == [
        {"heading": "Why", "guidance": "Say it.", "facts": ["timeline"]}
    ]


def test_a_template_that_cannot_be_read_says_where(manager: Client) -> None:
    url = reverse("admin:postmortems_template_add")

    answer = manager.post(url, {**filled(manager, url), "name": "Short", "text": "## Why\n{weather}"})

    assert "Line 2: no fact is called “weather”" in answer.content.decode()


@pytest.mark.parametrize(("had_it", "status"), [(True, 302), (False, 200)])
def test_somebody_who_left_keeps_an_action_item_and_gets_none(
    manager: Client, postmortem: Postmortem, ada: User, had_it: bool, status: int
) -> None:
    gone = a_user("gone")
    item = action_items.add(postmortem.pk, by=ada, wish=Wish("Alert on lag", owner=gone if had_it else None))
    User.objects.filter(pk=gone.pk).update(is_active=False)
    url = reverse("admin:postmortems_actionitem_change", args=[item.pk])

    answer = manager.post(url, {**filled(manager, url), "owner": str(gone.pk), "status": "done"})

    item.refresh_from_db()
    assert answer.status_code == status
    assert (item.status == "done") == had_it
