"""The page of messages that could not be read."""

import pytest
from django.test import Client

from accounts.models import Role
from alerts.integrations.keys import RouteWish, create_integration
from alerts.models import Event, EventStatus, Integration
from tests.factories import a_service, a_user

pytestmark = pytest.mark.django_db


def _of(role: Role) -> Client:
    client = Client()
    client.force_login(a_user(f"some {role}", role=role))
    return client


def _integration(name: str) -> Integration:
    return create_integration(name=name, source="generic", routes=[RouteWish(a_service(name))])[0]


def _put_away(integration: Integration, body: bytes = b"{not json", *, reason: str = "not_json") -> Event:
    return Event.objects.create(
        integration=integration,
        status=EventStatus.QUARANTINED,
        reason=reason,
        problem="The body is not valid JSON.",
        body=body,
        body_size=len(body),
    )


def test_a_responder_reads_why_and_what_to_do_and_changes_nothing() -> None:
    _put_away(_integration("home grown"), b'{"title": "a "quoted" word"}\xff')

    page = _of(Role.RESPONDER).get("/quarantine/").content.decode()

    assert "home grown" in page
    assert "The body is not valid JSON." in page
    assert "needs to escape them" in page
    assert "a &quot;quoted&quot; word" in page
    assert "Read it again" not in page


def test_it_is_filtered_by_integration_and_reason() -> None:
    one, two = _integration("one"), _integration("two")
    _put_away(one, b"of the first")
    _put_away(two, b"of the second")
    _put_away(two, b"of the third", reason="no_route")
    client = _of(Role.MANAGER)

    of_two = client.get("/quarantine/", {"integration": two.pk}).content.decode()
    of_both = client.get("/quarantine/", {"integration": str(two.pk), "reason": "no_route"}).content.decode()

    assert ("of the first" in of_two, "of the second" in of_two, "of the third" in of_two) == (False, True, True)
    assert ("of the second" in of_both, "of the third" in of_both) == (False, True)


def test_a_manager_has_one_read_again() -> None:
    event = _put_away(_integration("one"))

    answer = _of(Role.MANAGER).post(f"/quarantine/{event.pk}/replay/", {"reason": "not_json"})

    event.refresh_from_db()
    assert answer.headers["Location"] == "/quarantine/?reason=not_json"
    assert event.status == EventStatus.RECEIVED


def test_all_of_a_reason_are_read_again_and_no_others() -> None:
    one = _integration("one")
    wanted = [_put_away(one, reason="no_route") for _ in range(3)]
    other = _put_away(one)

    _of(Role.MANAGER).post("/quarantine/replay/", {"integration": one.pk, "reason": "no_route"})

    received = Event.objects.filter(status=EventStatus.RECEIVED).order_by("id")
    assert list(received.values_list("pk", flat=True)) == [each.pk for each in wanted]
    other.refresh_from_db()
    assert other.status == EventStatus.QUARANTINED


def test_one_is_dismissed_with_a_reason() -> None:
    event = _put_away(_integration("one"))
    client = _of(Role.MANAGER)

    client.post(f"/quarantine/{event.pk}/dismiss/", {"why": "  "})
    event.refresh_from_db()
    assert event.status == EventStatus.QUARANTINED
    client.post(f"/quarantine/{event.pk}/dismiss/", {"why": "A test of the sender's."})

    event.refresh_from_db()
    assert (event.status, event.reason) == (EventStatus.IGNORED, "dismissed")
    assert "Dismissed by some manager on the web: A test of the sender's." in event.problem
    assert "Nothing here" in client.get("/quarantine/").content.decode()


def test_what_was_dealt_with_meanwhile_is_said() -> None:
    event = _put_away(_integration("one"))
    client = _of(Role.MANAGER)
    client.post(f"/quarantine/{event.pk}/replay/")

    page = client.post(f"/quarantine/{event.pk}/replay/", follow=True).content.decode()

    assert "not in quarantine" in page
