"""Mappings: what they make of an alert, what they leave, and how they get from a version into the pipeline."""

from typing import Any

import pytest

from alerts.mapping import versions
from alerts.mapping.models import MappingUse
from alerts.mapping.rules import check, compile_mapping, flat, nested
from alerts.models import AlertStatus, EventStatus, Integration
from alerts.parsing.source import Json, ParsedAlert
from core.errors import Invalid
from incidents.actor import Via, person, system
from incidents.models import Severity
from tests.alerts.doorstep import Doorstep, Sender, a_sender, from_alertmanager, prometheus_alert
from tests.factories import a_service, a_user
from tests.world import MovedEngine

BY = system("tests")
MESSAGE = {
    "check": {"id": 17, "text": "p99 above 2 s"},
    "state": "KO",
    "prio": "P2",
    "where": {"cluster": "eu-1"},
    "title": "Checkout is slow",
}
EXPRESSIONS = {
    "title": 'title + " in " + payload.where.cluster',
    "description": "payload.check.text",
    "severity": "payload.prio",
    "identity": '"check/" + string(payload.check.id)',
    "status": 'payload.state == "KO"',
    "labels.cluster": "payload.where.cluster",
    "labels.zone": "payload.where.zone",
}


@pytest.fixture
def anything(doorstep: Doorstep) -> Sender:
    return a_sender(doorstep, "generic", service=a_service("checkout"), name="home grown")


def _applied(expressions: dict[str, str], **alert: Any) -> tuple[ParsedAlert, list[str]]:
    read = ParsedAlert(**{"dedup_key": "as read", "title": "As read", **alert})
    problems = compile_mapping(expressions, version=3).apply([read], lambda: MESSAGE)
    return read, problems


def test_each_field_is_what_its_expression_says() -> None:
    alert, problems = _applied(EXPRESSIONS, labels={"team": "shop"})

    assert problems == []
    assert (alert.title, alert.description) == ("As read in eu-1", "p99 above 2 s")
    assert (alert.dedup_key, alert.severity, alert.status) == ("check/17", Severity.ERROR, AlertStatus.FIRING)
    assert alert.labels == {"team": "shop", "cluster": "eu-1"}
    assert alert.mapped == {"reason": "mapped", "version": 3}


def test_what_comes_to_nothing_or_fails_leaves_what_the_source_read() -> None:
    alert, problems = _applied(
        {"title": "payload.nope", "severity": '"purple"', "identity": "payload.prio + 1", "status": '"maybe"'},
        severity=Severity.INFO,
    )

    assert (alert.title, alert.dedup_key, alert.severity) == ("As read", "as read", Severity.INFO)
    assert alert.status is AlertStatus.FIRING
    assert [each.partition(":")[0] for each in problems] == ["severity", "identity", "status"]
    assert alert.mapped is not None
    assert (alert.mapped["reason"], len(alert.mapped["failures"])) == ("mapping_failed", 3)


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ('"OK"', AlertStatus.RESOLVED),
        ('"acked"', AlertStatus.ACKNOWLEDGED),
        ('"Problem"', AlertStatus.FIRING),
        ("1 == 1", AlertStatus.FIRING),
        ("1 == 2", AlertStatus.RESOLVED),
    ],
)
def test_a_status_is_a_word_or_whether_it_fires(word: str, status: AlertStatus) -> None:
    assert _applied({"status": word})[0].status is status


def test_the_labels_of_the_message_itself_stay_as_they_are() -> None:
    labels = {"team": "shop"}

    _applied({"labels.cluster": '"eu"'}, labels=labels)

    assert labels == {"team": "shop"}


def test_a_part_of_a_message_is_the_payload_of_its_alert() -> None:
    elements: list[Json] = [{"n": "one"}, {"n": "two"}]
    alerts = [ParsedAlert(dedup_key=str(each), title="x", element=each) for each in elements]

    compile_mapping({"title": 'payload.n + " of " + message.prio'}).apply(alerts, lambda: MESSAGE)

    assert [each.title for each in alerts] == ["one of P2", "two of P2"]


def test_nested_and_flat_are_the_same() -> None:
    assert flat(nested(EXPRESSIONS)) == EXPRESSIONS
    assert nested({}) == {}


def test_mistakes_are_told_by_field() -> None:
    problems = check({"title": "nope", "labels.": '"x"', "severity": "payload.prio"})

    assert sorted(problems) == ["labels.", "title"]


def test_alerts_come_out_of_the_pipeline_as_the_mapping_says(anything: Sender, engine: MovedEngine) -> None:
    versions.save(anything.integration.pk, EXPRESSIONS, by=BY)

    anything.post(MESSAGE)
    engine.run()
    anything.post({**MESSAGE, "state": "fine"})
    engine.run()

    (alert,) = anything.alerts()
    assert (alert.title, alert.dedup_key, alert.severity) == ("Checkout is slow in eu-1", "check/17", Severity.ERROR)
    assert (alert.status, alert.count) == (AlertStatus.RESOLVED, 2)
    assert alert.reasons["mapping"] == {"reason": "mapped", "version": 1}


def test_a_mapping_that_fails_costs_no_alert_and_is_shown(anything: Sender, engine: MovedEngine) -> None:
    versions.save(anything.integration.pk, {"title": "payload.prio + 1"}, by=BY)

    anything.post(MESSAGE)
    engine.run()

    (alert,), (event,) = anything.alerts(), anything.events()
    assert alert.title == "Checkout is slow"
    assert alert.reasons["mapping"]["failures"][0]["field"] == "title"
    assert (event.status, event.marks) == (EventStatus.PROCESSED, ["mapping_failed"])
    assert "title: The kinds of values do not fit" in event.problem


def test_what_a_mapping_makes_too_long_is_cut(anything: Sender, engine: MovedEngine) -> None:
    versions.save(anything.integration.pk, {"title": "payload.long", "labels.l": "payload.long"}, by=BY)

    anything.post({"title": "t", "long": "x" * 20_000})
    engine.run()

    (alert,) = anything.alerts()
    assert (len(alert.title), len(alert.labels["l"])) == (1024, 4000)


def test_a_message_that_is_split_is_mapped_alert_by_alert(prometheus: Sender, engine: MovedEngine) -> None:
    expressions = {"identity": "payload.labels.instance", "labels.receiver": "message.receiver"}
    versions.save(prometheus.integration.pk, expressions, by=BY)

    prometheus.post(from_alertmanager(prometheus_alert(instance="db-1"), prometheus_alert(instance="db-2")))
    engine.run()

    assert sorted(alert.dedup_key for alert in prometheus.alerts()) == ["db-1", "db-2"]
    assert {alert.labels["receiver"] for alert in prometheus.alerts()} == {"tocsin"}


@pytest.mark.django_db
class TestVersions:
    """Saved once, never changed, undone by putting an earlier one into use."""

    @pytest.fixture
    def integration(self, transactional_db: None, doorstep: Doorstep) -> Integration:
        return a_sender(doorstep, "generic", service=a_service("checkout"), name="home grown").integration

    def test_each_save_is_a_version_with_its_author(self, integration: Integration) -> None:
        ada = person(a_user("ada"), Via.WEB)

        versions.save(integration.pk, {"title": '"one"'}, comment="A beginning", by=ada)
        versions.save(integration.pk, {"title": '"two"'}, by=ada)

        integration.refresh_from_db()
        two, one = integration.mapping_versions.all()
        assert (one.number, one.author, one.comment, one.expressions) == (1, "ada", "A beginning", {"title": '"one"'})
        assert (two.number, integration.mapping) == (2, two)

    def test_the_same_again_is_no_version(self, integration: Integration) -> None:
        first = versions.save(integration.pk, {"title": '"one"'}, by=BY)
        again = versions.save(integration.pk, {"title": ' "one" ', "severity": ""}, by=BY)

        assert first == again
        assert MappingUse.objects.count() == 1

    def test_an_earlier_one_is_put_into_use_again_and_that_is_recorded(self, integration: Integration) -> None:
        versions.save(integration.pk, {"title": '"one"'}, by=BY)
        versions.save(integration.pk, {"title": '"two"'}, by=BY)

        assert versions.use(integration.pk, 1, by=person(a_user("ada"), Via.WEB))
        assert not versions.use(integration.pk, 1, by=BY)

        integration.refresh_from_db()
        assert versions.in_use(integration) == {"title": '"one"'}
        last = integration.mapping_uses.first()
        assert last is not None
        assert (last.actor_name, last.via, last.version) == ("ada", "web", integration.mapping)

    def test_none_is_in_use_without_expressions(self, integration: Integration) -> None:
        versions.save(integration.pk, {"title": '"one"'}, by=BY)

        assert versions.save(integration.pk, {}, by=BY) is None

        integration.refresh_from_db()
        assert versions.active(integration) is None
        assert integration.mapping_versions.count() == 1

    def test_mistakes_are_refused_by_field(self, integration: Integration) -> None:
        with pytest.raises(Invalid) as refused:
            versions.save(integration.pk, {"title": "nope", "labels.x": "1 +"}, by=BY)

        assert sorted(refused.value.fields) == ["labels.x", "title"]
