"""The list of integrations and the editor of their mappings."""

from collections.abc import Callable

import pytest
from django.test import Client

from accounts.models import Role
from alerts.integrations.keys import RouteWish, create_integration
from alerts.mapping import versions
from alerts.models import Event, EventStatus, Integration
from incidents.actor import system
from tests.factories import a_service, a_user

pytestmark = pytest.mark.django_db
BY = system("tests")
Send = Callable[..., Event]


@pytest.fixture
def integration() -> Integration:
    made, _ = create_integration(name="home grown", source="generic", routes=[RouteWish(a_service("checkout"))])
    return made


@pytest.fixture
def send(integration: Integration) -> Send:
    def message(body: str, **fields: object) -> Event:
        values = {"status": EventStatus.PROCESSED, "content_type": "application/json", "body": body.encode(), **fields}
        return Event.objects.create(integration=integration, body_size=len(body), **values)

    return message


@pytest.fixture
def manager() -> Client:
    client = Client()
    client.force_login(a_user("mara", role=Role.MANAGER))
    return client


def test_the_list_tells_what_lies_in_quarantine(manager: Client, integration: Integration, send: Send) -> None:
    send("{", status=EventStatus.QUARANTINED)

    page = manager.get("/integrations/").content.decode()

    assert "home grown" in page
    assert "1 message in quarantine" in page
    assert f'href="/mapping/{integration.pk}/"' in page


def test_the_newest_message_is_shown_with_what_its_source_reads(
    manager: Client, integration: Integration, send: Send
) -> None:
    send('{"title": "Old one"}')
    send('{"title": "Queue is long", "host": "q-1", "severity": "error"}')

    page = manager.get(f"/mapping/{integration.pk}/").content.decode()

    assert "&quot;host&quot;: &quot;q-1&quot;" in page
    assert "Queue is long" in page
    assert "Error" in page


def test_an_earlier_message_can_be_chosen(manager: Client, integration: Integration, send: Send) -> None:
    old = send('{"title": "Old one", "mark": "of the old"}')
    send('{"title": "New one"}')

    page = manager.get(f"/mapping/{integration.pk}/?event={old.pk}").content.decode()

    assert "of the old" in page


def test_expressions_are_tried_without_being_saved(manager: Client, integration: Integration, send: Send) -> None:
    send('{"title": "Queue is long", "host": "q-1"}')
    wish = {"title": 'title + " on " + payload.host', "labels": "team = nowhere\nzone = upper(payload.host)"}

    fragment = manager.post(f"/mapping/{integration.pk}/preview/", wish).content.decode()
    whole = manager.post(f"/mapping/{integration.pk}/", {**wish, "preview": "1"})

    for text in (fragment, whole.content.decode()):
        assert "Queue is long on q-1" in text
        assert "team: It asks for nowhere" in text
    assert '<div id="wrong-labels" hx-swap-oob="true">' in fragment
    assert whole.status_code == 422
    assert integration.mapping_versions.count() == 0


def test_saving_makes_a_version_of_whoever_saved_it(manager: Client, integration: Integration) -> None:
    wish = {"title": "payload.what", "labels": "team = payload.owner", "comment": "Titles that say something"}

    answer = manager.post(f"/mapping/{integration.pk}/", wish)

    version = integration.mapping_versions.get()
    assert answer.status_code == 302
    assert version.expressions == {"title": "payload.what", "labels": {"team": "payload.owner"}}
    assert (version.author, version.comment) == ("mara", "Titles that say something")


def test_what_is_wrong_is_not_saved(manager: Client, integration: Integration) -> None:
    answer = manager.post(f"/mapping/{integration.pk}/", {"title": "payload.", "labels": "no equals sign"})

    assert answer.status_code == 422
    assert "This is not valid CEL" in answer.content.decode()
    assert "write name = expression" in answer.content.decode()
    assert integration.mapping_versions.count() == 0


def test_an_earlier_version_is_looked_at_and_used_again(manager: Client, integration: Integration) -> None:
    versions.save(integration.pk, {"title": '"first"'}, by=BY)
    versions.save(integration.pk, {"title": '"second"'}, by=BY)

    shown = manager.get(f"/mapping/{integration.pk}/?version=1").content.decode()
    manager.post(f"/mapping/{integration.pk}/use/", {"version": "1"})

    integration.refresh_from_db()
    assert "&quot;first&quot;</textarea>" in shown
    assert versions.in_use(integration) == {"title": '"first"'}


def test_none_is_used_on_demand(manager: Client, integration: Integration) -> None:
    versions.save(integration.pk, {"title": '"first"'}, by=BY)

    manager.post(f"/mapping/{integration.pk}/use/", {})

    integration.refresh_from_db()
    assert integration.mapping is None


def test_without_a_message_the_editor_says_so(manager: Client, integration: Integration) -> None:
    assert "No message has come yet" in manager.get(f"/mapping/{integration.pk}/").content.decode()


def test_a_message_that_cannot_be_read_is_shown_as_it_is(manager: Client, integration: Integration, send: Send) -> None:
    send("[1, 2, 3]", status=EventStatus.QUARANTINED)

    page = manager.get(f"/mapping/{integration.pk}/").content.decode()

    assert "There is nothing in the message that could be an alert." in page


def test_a_draft_is_kept_without_being_used(manager: Client, integration: Integration) -> None:
    manager.post(f"/mapping/{integration.pk}/", {"title": '"draft"', "keep": "1"})

    integration.refresh_from_db()
    assert integration.mapping is None
    assert [each.expressions for each in integration.mapping_versions.all()] == [{"title": '"draft"'}]


def test_a_dry_run_tells_what_would_have_been(manager: Client, integration: Integration, send: Send) -> None:
    for host in ("a", "b"):
        message = send(f'{{"title": "Disk full", "dedup_key": "disk", "host": "{host}", "severity": "warning"}}')
    wish = {"identity": "payload.host", "severity": '"critical"', "replay": "1"}

    whole = manager.post(f"/mapping/{integration.pk}/", wish).content.decode()
    part = manager.post(f"/mapping/{integration.pk}/replay/", wish).content.decode()

    for text in (whole, part):
        assert "One incident becomes 2" in text
        assert "Of what the messages tell: identity in 2, severity in 2." in text
        assert "checkout · Critical · 1 message · 1 page · stays open" in text
        assert f'name="show" value="{message.pk}"' in text
    assert "&quot;critical&quot;</textarea>" in whole
    assert integration.mapping_versions.count() == 0


def test_a_dry_run_without_a_difference_says_so(manager: Client, integration: Integration, send: Send) -> None:
    send('{"title": "Disk full"}')

    part = manager.post(f"/mapping/{integration.pk}/replay/", {"stretch": "1h"}).content.decode()

    assert "Nothing would have been different." in part


def test_what_was_left_out_of_a_dry_run_is_said(manager: Client, integration: Integration, send: Send) -> None:
    send("[1]", status=EventStatus.QUARANTINED)

    part = manager.post(f"/mapping/{integration.pk}/replay/", {}).content.decode()

    assert "There is no message to go through. Left out: 1 in quarantine." in part


def test_expressions_with_mistakes_are_not_run(manager: Client, integration: Integration, send: Send) -> None:
    send('{"title": "Disk full"}')

    part = manager.post(f"/mapping/{integration.pk}/replay/", {"title": "payload."}).content.decode()

    assert "Mend the expressions first" in part


def test_any_message_can_be_shown_without_losing_the_draft(
    manager: Client, integration: Integration, send: Send
) -> None:
    old = send('{"title": "Long ago", "mark": "of the old"}')
    for _ in range(20):
        send('{"title": "New one"}')

    page = manager.post(f"/mapping/{integration.pk}/", {"title": '"draft"', "show": str(old.pk)}).content.decode()

    assert "of the old" in page
    assert "&quot;draft&quot;</textarea>" in page
    assert f'<option value="{old.pk}" selected>' in page


def test_a_message_of_another_integration_is_not_shown(manager: Client, integration: Integration, send: Send) -> None:
    other, _ = create_integration(name="other", source="generic", routes=[RouteWish(a_service("mail"))])
    send('{"title": "Mine"}')
    theirs = Event.objects.create(integration=other, status=EventStatus.PROCESSED, body=b'{"title": "Theirs"}')

    page = manager.get(f"/mapping/{integration.pk}/?event={theirs.pk}").content.decode()

    assert "Theirs" not in page
