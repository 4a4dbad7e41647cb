"""Postmortems and action items through the API."""

from datetime import timedelta
from typing import Any

import pytest
from rest_framework.test import APIClient

from accounts import api_keys
from accounts.models import Role, Scope, User
from core import clock
from incidents.models import Incident
from postmortems import action_items, editing, review
from postmortems.action_items import Wish
from postmortems.models import Postmortem
from tests.factories import a_user, an_incident

pytestmark = pytest.mark.django_db


def _as(user: User, scope: Scope = Scope.WRITE) -> APIClient:
    _, key = api_keys.create(name=f"{user}-{scope}", user=user, scope=scope)
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {key}")
    return client


def _url(postmortem: Postmortem, verb: str = "") -> str:
    return f"/api/v1/postmortems/{postmortem.pk}/{verb}"


def test_a_draft_is_made_from_a_resolved_incident(incident: Incident, ada: User) -> None:
    answer = _as(ada).post("/api/v1/postmortems/", {"incident": incident.pk})

    assert answer.status_code == 201
    found = answer.json()
    assert (found["incident"], found["owner"], found["status"], found["version"]) == (incident.pk, "ada", "draft", 1)
    assert "## Timeline" in found["body"]
    assert incident.timeline.latest("id").via == "api"


def test_an_open_incident_is_refused_with_what_to_do(ada: User) -> None:
    answer = _as(ada).post("/api/v1/postmortems/", {"incident": an_incident().pk})

    assert answer.status_code == 409
    assert answer.json()["error"]["code"] == "incident_not_resolved"


def test_lists_leave_the_text_out_and_are_narrowed(postmortem: Postmortem, ada: User) -> None:
    client = _as(ada, Scope.READ)

    everything = client.get("/api/v1/postmortems/").json()["results"]
    of_status = client.get("/api/v1/postmortems/?status=approved").json()["results"]

    assert [each["id"] for each in everything] == [postmortem.pk]
    assert "body" not in everything[0]
    assert of_status == []


def test_an_unknown_status_names_the_known_ones(ada: User) -> None:
    answer = _as(ada).get("/api/v1/postmortems/?status=finished")

    assert answer.status_code == 400
    assert "in_review" in str(answer.json()["error"]["fields"]["status"])


def test_the_text_is_written_over_the_version_that_was_read(postmortem: Postmortem, ben: User) -> None:
    answer = _as(ben).patch(_url(postmortem), {"version": 1, "body": "  ## Why\n"})

    assert answer.status_code == 200
    assert (answer.json()["body"], answer.json()["version"]) == ("  ## Why\n", 2)
    assert answer.json()["title"] == postmortem.title


def test_a_stale_write_is_a_conflict(postmortem: Postmortem, ada: User, ben: User) -> None:
    editing.edit(postmortem.pk, by=ada, version=1, title="x", body="ada's")

    answer = _as(ben).patch(_url(postmortem), {"version": 1, "body": "ben's"})

    assert answer.status_code == 409
    assert answer.json()["error"]["code"] == "stale"
    postmortem.refresh_from_db()
    assert postmortem.body == "ada's"


@pytest.mark.parametrize("body", [{}, {"version": 0, "body": "x"}, {"version": 1, "title": ""}])
def test_an_unusable_write_is_refused(postmortem: Postmortem, ada: User, body: dict[str, Any]) -> None:
    assert _as(ada).patch(_url(postmortem), body).status_code == 400


def test_a_review_goes_from_asking_to_approval(postmortem: Postmortem, ada: User, mia: User) -> None:
    asked = _as(ada).post(_url(postmortem, "ask_for_review/"))
    sent_back = _as(mia).post(_url(postmortem, "request_changes/"), {"comment": "Say what it cost."})
    _as(ada, Scope.ADMIN).post(_url(postmortem, "ask_for_review/"), {"comment": "Added."})
    approved = _as(mia, Scope.ADMIN).post(_url(postmortem, "approve/"), {"version": 1})

    assert [each.json()["status"] for each in (asked, sent_back, approved)] == [
        "in_review",
        "changes_requested",
        "approved",
    ]
    assert approved.json()["approved_by"] == "mia"
    assert [each["move"] for each in approved.json()["reviews"]] == [
        "ask_for_review",
        "request_changes",
        "ask_for_review",
        "approve",
    ]


def test_a_responder_does_not_approve(postmortem: Postmortem, ada: User, ben: User) -> None:
    review.ask_for_review(postmortem.pk, by=ada)

    answer = _as(ben).post(_url(postmortem, "approve/"))

    assert answer.status_code == 403


def test_an_approved_one_is_reopened(postmortem: Postmortem, ada: User, mia: User) -> None:
    review.ask_for_review(postmortem.pk, by=ada)
    review.approve(postmortem.pk, by=mia)

    assert _as(mia).post(_url(postmortem, "reopen/")).json()["status"] == "draft"


def test_a_move_that_makes_no_sense_is_a_conflict(postmortem: Postmortem, mia: User) -> None:
    answer = _as(mia).post(_url(postmortem, "approve/"))

    assert answer.status_code == 409
    assert answer.json()["error"]["code"] == "move_not_allowed"


@pytest.mark.parametrize("accept", ["text/markdown", "*/*", "application/json"])
def test_the_export_is_markdown_whatever_is_asked_for(postmortem: Postmortem, ada: User, accept: str) -> None:
    answer = _as(ada).get(_url(postmortem, "export/"), HTTP_ACCEPT=accept)

    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/markdown; charset=utf-8"
    assert "| Opened by prometheus. |" in answer.content.decode()


def test_an_export_of_nothing_is_not_found(ada: User) -> None:
    answer = _as(ada).get("/api/v1/postmortems/4711/export/")

    assert answer.status_code == 404
    assert b'"not_found"' in answer.content


def test_action_items_are_added_and_changed_in_part(postmortem: Postmortem, ada: User, ben: User) -> None:
    client = _as(ada)
    day = (clock.now().date() + timedelta(days=3)).isoformat()

    added = client.post(
        "/api/v1/action-items/", {"postmortem": postmortem.pk, "title": "Alert on lag", "owner": "ben", "due_on": day}
    )
    changed = client.patch(f"/api/v1/action-items/{added.json()['id']}/", {"status": "done"})

    assert added.status_code == 201
    assert (added.json()["owner"], added.json()["due_on"], added.json()["status"]) == ("ben", day, "open")
    assert (changed.json()["owner"], changed.json()["status"]) == ("ben", "done")
    assert changed.json()["done_at"]


def test_action_items_are_narrowed_by_status_owner_and_overdue(postmortem: Postmortem, ada: User, ben: User) -> None:
    today = clock.now().date()
    late = action_items.add(postmortem.pk, by=ada, wish=Wish("late", owner=ben, due_on=today - timedelta(days=1)))
    soon = action_items.add(postmortem.pk, by=ada, wish=Wish("soon", owner=ada, due_on=today + timedelta(days=1)))
    done = action_items.add(postmortem.pk, by=ada, wish=Wish("done", owner=ben, status="done"))
    client = _as(ada)

    def found(query: str) -> set[int]:
        return {each["id"] for each in client.get(f"/api/v1/action-items/?{query}").json()["results"]}

    assert found("") == {late.pk, soon.pk, done.pk}
    assert found("overdue=true") == {late.pk}
    assert found("owner=ben") == {late.pk, done.pk}
    assert found("status=open&mine=1") == {soon.pk}


@pytest.mark.parametrize(
    "body", [{"title": "x"}, {"postmortem": 4711, "title": "x"}, {"title": "", "postmortem": 1}, {"owner": "nobody"}]
)
def test_an_unusable_action_item_is_refused(postmortem: Postmortem, ada: User, body: dict[str, Any]) -> None:
    assert _as(ada).post("/api/v1/action-items/", body).status_code == 400


def test_a_viewer_reads_and_writes_nothing(postmortem: Postmortem) -> None:
    client = _as(a_user(role=Role.VIEWER), Scope.ADMIN)

    assert client.get(_url(postmortem)).status_code == 200
    assert client.patch(_url(postmortem), {"version": 1, "body": "x"}).status_code == 403
    assert client.post(_url(postmortem, "ask_for_review/")).status_code == 403


def test_a_key_of_scope_read_writes_nothing(postmortem: Postmortem, ada: User) -> None:
    assert _as(ada, Scope.READ).post(_url(postmortem, "ask_for_review/")).status_code == 403
