"""The pages of those who write postmortems. Everything here works without JavaScript."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Role, User
from core import clock
from incidents.models import Incident
from postmortems import action_items, editing, review
from postmortems.action_items import Wish
from postmortems.models import ActionItem, Postmortem
from tests.factories import a_user, an_incident


def _as(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def test_a_responder_drafts_from_a_resolved_incident(incident: Incident, ada: User) -> None:
    answer = _as(ada).post(reverse("web:postmortem-draft", args=[incident.pk]), follow=True)

    assert answer.status_code == 200
    assert answer.redirect_chain == [(Postmortem.objects.get().get_absolute_url(), 302)]
    assert "<h2>Timeline</h2>" in answer.content.decode()


def test_an_open_incident_is_not_drafted_from(ada: User) -> None:
    answer = _as(ada).post(reverse("web:postmortem-draft", args=[an_incident().pk]))

    assert answer.status_code == 409
    assert "Resolve it first" in answer.content.decode()


def test_drafting_from_nothing_is_not_found(ada: User) -> None:
    assert _as(ada).post(reverse("web:postmortem-draft", args=[4711])).status_code == 404


def test_the_list_is_narrowed_by_status(postmortem: Postmortem, ada: User) -> None:
    client = _as(ada)

    assert postmortem.title in client.get(reverse("web:postmortems") + "?status=draft").content.decode()
    assert "Nothing matches" in client.get(reverse("web:postmortems") + "?status=approved").content.decode()


def test_the_page_shows_what_reviewers_said(postmortem: Postmortem, ada: User, mia: User) -> None:
    review.ask_for_review(postmortem.pk, by=ada)
    review.request_changes(postmortem.pk, by=mia, comment="Say what it <cost>.")

    page = _as(ada).get(postmortem.get_absolute_url()).content.decode()

    assert "Say what it &lt;cost&gt;." in page
    assert "Changes were requested" in page


def test_a_save_is_kept_and_shown(postmortem: Postmortem, ada: User) -> None:
    answer = _as(ada).post(
        reverse("web:postmortem-edit", args=[postmortem.pk]),
        {"version": 1, "title": "Lag", "body": "## Why\r\n\r\nA *full* disk."},
        follow=True,
    )

    assert "<p>A <em>full</em> disk.</p>" in answer.content.decode()
    postmortem.refresh_from_db()
    assert (postmortem.title, postmortem.version) == ("Lag", 2)


def test_a_preview_shows_the_text_and_saves_nothing(postmortem: Postmortem, ada: User) -> None:
    wish = {"version": 1, "title": "Lag", "body": "A *full* disk."}
    client = _as(ada)

    by_button = client.post(reverse("web:postmortem-edit", args=[postmortem.pk]), {**wish, "preview": "1"})
    by_htmx = client.post(reverse("web:postmortem-preview", args=[postmortem.pk]), wish, HTTP_HX_REQUEST="true")

    for answer in (by_button, by_htmx):
        assert "A <em>full</em> disk." in answer.content.decode()
    assert ">A *full* disk.</textarea>" in by_button.content.decode().replace("\n", "")
    postmortem.refresh_from_db()
    assert postmortem.version == 1


def test_a_stale_save_shows_both_texts_and_can_be_made_again(postmortem: Postmortem, ada: User, ben: User) -> None:
    editing.edit(postmortem.pk, by=ben, version=1, title="Lag", body="Same.\nBen wrote this.")
    client, url = _as(ada), reverse("web:postmortem-edit", args=[postmortem.pk])

    conflict = client.post(url, {"version": 1, "title": "Lag", "body": "Same.\nAda wrote this."})
    page = conflict.content.decode()
    again = client.post(url, {"version": 2, "title": "Lag", "body": "Same.\nBen and Ada wrote this."})

    assert conflict.status_code == 409
    assert "changed by ben" in page
    assert '<span data-kind="saved">-Ben wrote this.</span>' in page
    assert '<span data-kind="yours">+Ada wrote this.</span>' in page
    assert 'name="version" value="2"' in page
    assert again.status_code == 302
    postmortem.refresh_from_db()
    assert postmortem.body == "Same.\nBen and Ada wrote this."


def test_an_approved_one_has_no_editor(postmortem: Postmortem, ada: User, mia: User) -> None:
    review.ask_for_review(postmortem.pk, by=ada)
    review.approve(postmortem.pk, by=mia)
    client = _as(ada)

    assert client.get(reverse("web:postmortem-edit", args=[postmortem.pk])).status_code == 409
    assert "Approved by mia" in client.get(postmortem.get_absolute_url()).content.decode()


def test_asking_for_review_puts_it_before_the_managers(postmortem: Postmortem, ada: User) -> None:
    answer = _as(ada).post(
        reverse("web:postmortem-ask-for-review", args=[postmortem.pk]), {"comment": "Please"}, follow=True
    )

    assert "It waits for a manager." in answer.content.decode()
    assert postmortem.reviews.get().comment == "Please"


def test_the_export_is_a_markdown_file(postmortem: Postmortem, ada: User) -> None:
    answer = _as(ada).get(reverse("web:postmortem-export", args=[postmortem.pk]))

    assert answer.headers["Content-Type"] == "text/markdown; charset=utf-8"
    assert f'filename="postmortem-{postmortem.incident_id}.md"' in answer.headers["Content-Disposition"]
    assert "| Opened by prometheus. |" in answer.content.decode()


def test_an_action_item_is_added_and_changed(postmortem: Postmortem, ada: User, ben: User) -> None:
    client = _as(ada)
    wish = {"title": "Alert on lag", "owner": str(ben.pk), "due_on": "2099-01-02", "status": "open"}

    client.post(
        reverse("web:action-item-add", args=[postmortem.pk]), {f"new-{name}": value for name, value in wish.items()}
    )
    item = ActionItem.objects.get()
    client.post(reverse("web:action-item", args=[item.pk]), {**wish, "status": "done"})

    item.refresh_from_db()
    assert (item.title, item.owner, item.status) == ("Alert on lag", ben, "done")
    assert 'value="2099-01-02"' in client.get(reverse("web:action-item", args=[item.pk])).content.decode()


def test_an_action_item_without_a_title_is_refused_in_words(postmortem: Postmortem, ada: User) -> None:
    answer = _as(ada).post(
        reverse("web:action-item-add", args=[postmortem.pk]), {"new-title": "", "new-status": "open"}, follow=True
    )

    assert "What is to be done?: This field is required." in answer.content.decode()


def test_the_list_of_action_items_begins_with_what_is_open(postmortem: Postmortem, ada: User) -> None:
    yesterday = clock.now().date() - timedelta(days=1)
    action_items.add(postmortem.pk, by=ada, wish=Wish("late", owner=ada, due_on=yesterday))
    action_items.add(postmortem.pk, by=ada, wish=Wish("over", status="done"))
    client, url = _as(ada), reverse("web:action-items")

    assert "Overdue" in client.get(url).content.decode()
    assert ">over<" not in client.get(url).content.decode()
    assert ">over<" in client.get(f"{url}?status=done").content.decode()
    assert ">late<" in client.get(f"{url}?overdue=1&mine=1").content.decode()


def test_a_viewer_reads_but_has_no_buttons(postmortem: Postmortem) -> None:
    client = _as(a_user(role=Role.VIEWER))

    page = client.get(postmortem.get_absolute_url()).content.decode()

    assert "Ask for review" not in page
    assert client.get(reverse("web:postmortem-edit", args=[postmortem.pk])).status_code == 403


@pytest.mark.parametrize("name", ["postmortems", "action-items"])
def test_who_is_not_signed_in_is_sent_to_sign_in(db: None, name: str) -> None:
    answer = Client().get(reverse(f"web:{name}"))

    assert answer.status_code == 302
    assert answer.headers["Location"].startswith("/sign-in/?next=")


def test_the_list_asks_no_query_per_row(
    postmortem: Postmortem, ada: User, django_assert_max_num_queries: pytest.FixtureRequest
) -> None:
    client = _as(ada)

    with django_assert_max_num_queries(8):  # type: ignore[operator]  # pytest-django's fixture
        client.get(reverse("web:postmortems"))
