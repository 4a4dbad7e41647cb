"""Integrations, messages, alerts and deliveries in the admin."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from alerts.integrations import keys
from alerts.integrations.keys import RouteWish
from alerts.models import Alert, Event, Integration
from alerts.receiving.letters import hashed
from catalog.models import Service
from core import clock
from incidents.models import Incident
from notifications.models import Delivery
from tests.admin.filled import Values, filled
from tests.factories import a_service, a_user, an_incident

ADD = "admin:alerts_integration_add"


@pytest.fixture
def service(db: None) -> Service:
    return a_service("checkout")


@pytest.fixture
def integration(service: Service) -> Integration:
    made, _ = keys.create_integration(
        name="prometheus",
        source="alertmanager",
        routes=[RouteWish(service, 'labels.service == "checkout"'), RouteWish(service)],
    )
    return made


def _routes(form: Values, *routes: tuple[str, Service]) -> Values:
    form["routes-TOTAL_FORMS"] = str(len(routes))
    for number, (condition, service) in enumerate(routes):
        form |= {
            f"routes-{number}-position": str(number + 1),
            f"routes-{number}-condition": condition,
            f"routes-{number}-service": str(service.pk),
        }
    return form


def test_a_new_integration_shows_its_address_once(admin: Client, service: Service) -> None:
    url = reverse(ADD)
    form = _routes(filled(admin, url), ('labels.team == "db"', service), ("", service))

    answer = admin.post(url, {**form, "name": "prometheus", "source": "alertmanager", "hold": "30s"})

    shown = re.search(r"/integrations/alertmanager/(\w+)/", answer.content.decode())
    made = Integration.objects.get()
    assert shown is not None
    assert bytes(made.key_hash) == hashed(shown[1])
    assert made.hold.total_seconds() == 30
    assert [(each.position, each.condition) for each in made.routes.all()] == [(1, 'labels.team == "db"'), (2, "")]
    assert "no-store" in answer.headers["Cache-Control"]


@pytest.mark.parametrize(
    ("conditions", "says"),
    [
        (["labels.service =="], "is not valid CEL"),
        (['labels.service == "x"'], "The last route has no condition"),
        (["", 'labels.service == "x"', ""], "they would never be asked"),
        (['hostname == "x"', ""], "known are"),
    ],
)
def test_routes_that_cannot_work_are_refused_in_words(
    admin: Client, service: Service, conditions: list[str], says: str
) -> None:
    url = reverse(ADD)
    form = _routes(filled(admin, url), *((condition, service) for condition in conditions))

    answer = admin.post(url, {**form, "name": "prometheus", "source": "alertmanager"})

    assert says in answer.content.decode()
    assert not Integration.objects.exists()


def test_a_route_is_made_of_a_label_an_operator_and_a_value(admin: Client, service: Service) -> None:
    url = reverse(ADD)
    form = _routes(filled(admin, url), ('severity == "critical"', service), ("", service))
    form |= {"routes-0-label": "team", "routes-0-operator": "begins with", "routes-0-value": "db"}
    form |= {"routes-0-hours": "mon-fri 09:00-17:00 UTC", "routes-0-more_than": "3", "routes-0-within": "10m"}

    admin.post(url, {**form, "name": "prometheus", "source": "alertmanager"})

    route = Integration.objects.get().routes.get(position=1)
    assert route.condition == 'severity == "critical" && labels.team.startsWith("db")'
    assert (route.hours, route.more_than, route.within) == ("mon-fri 09:00-17:00 UTC", 3, timedelta(minutes=10))


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("hours", "often", "Write days, times and a time zone"),
        ("more_than", "3", "A threshold has two parts"),
        ("value", "db", "Name the label"),
    ],
)
def test_half_a_route_is_refused_in_words(admin: Client, service: Service, field: str, value: str, says: str) -> None:
    url = reverse(ADD)
    form = _routes(filled(admin, url), ("true", service), ("", service)) | {f"routes-0-{field}": value}

    answer = admin.post(url, {**form, "name": "prometheus", "source": "alertmanager"})

    assert says in answer.content.decode()
    assert not Integration.objects.exists()


def test_every_source_can_be_chosen_and_no_other(admin: Client, service: Service) -> None:
    url = reverse(ADD)
    page = admin.get(url).content.decode()

    answer = admin.post(url, {**_routes(filled(admin, url), ("", service)), "name": "x", "source": "nagios3"})

    assert all(f'value="{slug}"' in page for slug in ("alertmanager", "grafana_alerting", "generic", "pagerduty"))
    assert answer.status_code == 200
    assert not Integration.objects.exists()


def test_routes_trade_places(admin: Client, integration: Integration) -> None:
    url = reverse("admin:alerts_integration_change", args=[integration.pk])
    form = filled(admin, url)
    form |= {"routes-0-condition": "", "routes-0-position": "2", "routes-1-position": "1"}
    form["routes-1-condition"] = 'severity == "critical"'

    answer = admin.post(url, form)

    assert answer.status_code == 302
    assert [each.condition for each in integration.routes.order_by("position")] == ['severity == "critical"', ""]


@pytest.mark.parametrize("group_by", [None, [], ["..."], ["alertname", "cluster"]])
def test_saving_an_integration_unchanged_leaves_its_grouping(
    admin: Client, integration: Integration, group_by: list[str] | None
) -> None:
    Integration.objects.update(group_by=group_by)
    url = reverse("admin:alerts_integration_change", args=[integration.pk])

    answer = admin.post(url, filled(admin, url))

    integration.refresh_from_db()
    assert answer.status_code == 302
    assert integration.group_by == group_by


@pytest.mark.parametrize(
    ("grouping", "labels", "kept"),
    [
        ("source", "", None),
        ("labels", "alertname, cluster", ["alertname", "cluster"]),
        ("everything", "", []),
        ("not_at_all", "", ["..."]),
    ],
)
def test_how_to_group_is_a_choice(
    admin: Client, integration: Integration, grouping: str, labels: str, kept: list[str] | None
) -> None:
    Integration.objects.update(group_by=["service"])
    url = reverse("admin:alerts_integration_change", args=[integration.pk])

    answer = admin.post(url, {**filled(admin, url), "grouping": grouping, "group_by": labels})

    integration.refresh_from_db()
    assert answer.status_code == 302
    assert integration.group_by == kept


@pytest.mark.parametrize(
    ("grouping", "labels", "says"),
    [("labels", "", "Name the labels to group by"), ("source", "alertname", "choose “By these labels”")],
)
def test_a_choice_and_labels_that_contradict_are_refused(
    admin: Client, integration: Integration, grouping: str, labels: str, says: str
) -> None:
    url = reverse("admin:alerts_integration_change", args=[integration.pk])

    answer = admin.post(url, {**filled(admin, url), "grouping": grouping, "group_by": labels})

    assert says in answer.content.decode()


def test_a_manager_reads_how_an_integration_groups(manager: Client, integration: Integration) -> None:
    url = reverse("admin:alerts_integration_change", args=[integration.pk])

    assert "As the source groups" in manager.get(url).content.decode()


@pytest.mark.parametrize("headers", [{}, {"HX-Request": "true"}])
def test_a_new_key_kills_the_old_one(admin: Client, integration: Integration, headers: dict[str, str]) -> None:
    old = bytes(integration.key_hash)
    url = reverse("admin:alerts_integration_rotate_key", args=[integration.pk])

    answer = admin.post(url, {"_form_submitted": "on"}, headers=headers)

    shown = re.search(r"/integrations/alertmanager/(\w+)/", answer.content.decode())
    integration.refresh_from_db()
    assert shown is not None
    assert bytes(integration.key_hash) == hashed(shown[1]) != old


def test_a_manager_makes_no_new_key(manager: Client, integration: Integration) -> None:
    url = reverse("admin:alerts_integration_rotate_key", args=[integration.pk])

    assert manager.post(url, {"_form_submitted": "on"}).status_code == 403


def test_a_message_in_quarantine_is_shown_as_it_came(manager: Client, integration: Integration) -> None:
    event = Event.objects.create(
        integration=integration,
        status="quarantined",
        reason="not_json",
        problem="It begins with “<html>”.",
        body=b"<html>\xff</html>",
        body_size=14,
    )

    listed = manager.get(reverse("admin:alerts_event_changelist") + "?status__exact=quarantined").content.decode()
    shown = manager.get(reverse("admin:alerts_event_change", args=[event.pk])).content.decode()

    assert "not_json" in listed
    assert "&lt;html&gt;\N{REPLACEMENT CHARACTER}&lt;/html&gt;" in shown


def test_a_message_with_half_a_character_is_shown_all_the_same(manager: Client, integration: Integration) -> None:
    event = Event.objects.create(integration=integration, status="processed", body=b'{"title": "Half \\ud83d"}')

    answer = manager.get(reverse("admin:alerts_event_change", args=[event.pk]))

    assert answer.status_code == 200
    assert "Half \N{REPLACEMENT CHARACTER}" in answer.content.decode()


def test_an_incident_shows_timeline_deliveries_alerts_and_escalations(
    manager: Client, integration: Integration, service: Service
) -> None:
    incident = an_incident("Replica lag", service=service)
    _delivery_of(incident)
    Alert.objects.create(
        integration=integration,
        fingerprint="f",
        dedup_key="f",
        title="ReplicaLag on db-1",
        first_seen_at=clock.now(),
        last_seen_at=clock.now(),
        service=service,
        incident=incident,
    )

    page = manager.get(reverse("admin:incidents_incident_change", args=[incident.pk])).content.decode()

    for text in ("Opened by prometheus.", "ReplicaLag on db-1", "channel_not_configured"):
        assert text in page
    assert "+12025550101" not in page


def test_a_delivery_hides_the_address(manager: Client, service: Service) -> None:
    delivery = _delivery_of(an_incident(service=service))

    page = manager.get(reverse("admin:notifications_delivery_change", args=[delivery.pk])).content.decode()

    assert "+12025550101" not in page
    assert "Failed" in page


@pytest.mark.parametrize("role", ["admin", "manager"])
def test_nobody_writes_into_records(request: pytest.FixtureRequest, service: Service, role: str) -> None:
    client: Client = request.getfixturevalue(role)
    incident = an_incident("Replica lag", service=service)
    url = reverse("admin:incidents_incident_change", args=[incident.pk])

    assert client.post(url, {"title": "Nothing happened"}).status_code == 403
    incident.refresh_from_db()
    assert incident.title == "Replica lag"


def _delivery_of(incident: Incident) -> Delivery:
    return Delivery.objects.create(
        incident=incident,
        user=a_user(),
        channel="sms",
        address="+12025550101",
        status="failed",
        reason="channel_not_configured",
        idempotency_key="k",
        due_at=clock.now(),
    )


def test_a_message_is_replayed_from_quarantine_only(manager: Client, integration: Integration) -> None:
    event = Event.objects.create(integration=integration, status="quarantined", reason="not_json", body=b"{}")
    url = reverse("admin:alerts_event_replay", args=[event.pk])

    first = manager.post(url, {"_form_submitted": "on"})
    second = manager.post(url, {"_form_submitted": "on"})

    event.refresh_from_db()
    assert (first.status_code, second.status_code) == (302, 403)
    assert event.status == "received"


def test_a_secret_is_set_by_hand_kept_by_other_changes_and_removed(admin: Client, integration: Integration) -> None:
    url = reverse("admin:alerts_integration_change", args=[integration.pk])
    for changes in ({"secret": "correct horse"}, {"hold": "30s"}):
        assert admin.post(url, {**filled(admin, url), **changes}).status_code == 302
        integration.refresh_from_db()
        assert keys.is_secret(integration, "correct horse")
    assert "correct horse" not in admin.get(url).content.decode()

    admin.post(url, {**filled(admin, url), "no_secret": "on"})

    integration.refresh_from_db()
    assert not integration.has_secret


def test_a_secret_that_its_sender_cannot_prove_is_refused(admin: Client, integration: Integration) -> None:
    url = reverse("admin:alerts_integration_change", args=[integration.pk])

    refused = admin.post(url, {**filled(admin, url), "secret": "correct horse", "source": "pingdom"})
    admin.post(url, {**filled(admin, url), "secret": "correct horse"})
    moved = admin.post(url, {**filled(admin, url), "source": "pingdom"})

    for answer in (refused, moved):
        assert "Pingdom has no way to prove a secret" in answer.content.decode()
