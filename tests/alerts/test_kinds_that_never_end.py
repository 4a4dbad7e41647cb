"""Messages of a kind that is never told to be over, from senders whose other kinds are: they end by themselves."""

from datetime import timedelta
from typing import Any

import pytest

from alerts.models import AlertStatus
from alerts.parsing.source import Json
from tests.alerts.doorstep import Doorstep, Sender, a_sender
from tests.alerts.messages import sentry_issue
from tests.alerts.parsing import the_one_parsed
from tests.factories import a_service
from tests.world import MovedEngine


def _azure(signal: str, service: str = "") -> Json:
    essentials = {
        "alertId": f"/subscriptions/1/alerts/{signal}{service}",
        "alertRule": "Watch",
        "monitorCondition": "Fired",
        "signalType": signal,
        "monitoringService": service,
    }
    return {"schemaId": "azureMonitorCommonAlertSchema", "data": {"essentials": essentials, "alertContext": {}}}


def _of_sns(message: str) -> Json:
    return {"Type": "Notification", "MessageId": "m-1", "TopicArn": "arn:aws:sns:eu-west-1:1:t", "Message": message}


def _of_eventbridge(source: str, **detail: Json) -> Json:
    return {"id": "e-1", "detail-type": "Event", "source": source, "detail": {"title": "Look", **detail}}


def _of_appdynamics(kind: str) -> Json:
    return {"event": {"eventType": kind, "displayName": "Look", "node": {"name": "shop-1"}}}


_OLD_ACTIVITY_LOG = {
    "schemaId": "Microsoft.Insights/activityLogs",
    "data": {
        "status": "Activated",
        "context": {"activityLog": {"correlationId": "c-1", "operationName": "Delete VM", "resourceId": "/vm/1"}},
    },
}
_OLD_METRIC = {"status": "Activated", "context": {"id": "/rules/1", "name": "slow", "resourceId": "/sites/1"}}
_OLD_LOG_SEARCH = {"schemaId": "Microsoft.Insights/LogAlert", "data": {"AlertRuleName": "Errors in log"}}
_ISSUE_ALERT = {"action": "triggered", "data": {"event": {"issue_id": "7", "title": "KeyError"}}}
_METRIC_ALERT = {"action": "critical", "data": {"metric_alert": {"id": "3", "alert_rule": {"name": "Slow"}}}}
_PLUGIN = {"id": "8", "project": "jobs", "message": "Too long", "event": {}}
_ALARM = '{"AlarmName": "age", "AWSAccountId": "1", "NewStateValue": "ALARM"}'

NEVER_TOLD = {
    "azure activity log": ("azure_monitor", _azure("Activity Log", "Activity Log - Administrative")),
    "azure service health": ("azure_monitor", _azure("", "ServiceHealth")),
    "azure activity log of old": ("azure_monitor", _OLD_ACTIVITY_LOG),
    "azure log search of old": ("azure_monitor", _OLD_LOG_SEARCH),
    "sentry issue alert": ("sentry", _ISSUE_ALERT),
    "sentry older plugin": ("sentry", _PLUGIN),
    "sns text": ("aws_cloudwatch_sns", _of_sns("Budget exceeded")),
    "eventbridge finding": ("aws_eventbridge", _of_eventbridge("aws.guardduty")),
    "eventbridge of one's own": ("aws_eventbridge", _of_eventbridge("own.shop", statusCode="500")),
    "appdynamics code problem": ("appdynamics", _of_appdynamics("DEADLOCK")),
}
TOLD = {
    "azure metric": ("azure_monitor", _azure("Metric", "Platform")),
    "azure log search": ("azure_monitor", _azure("Log", "Log Alerts V2")),
    "azure metric of old": ("azure_monitor", _OLD_METRIC),
    "sentry issue": ("sentry", sentry_issue("created", "user")),
    "sentry metric alert": ("sentry", _METRIC_ALERT),
    "cloudwatch alarm": ("aws_cloudwatch_sns", _of_sns(_ALARM)),
    "eventbridge alarm": (
        "aws_eventbridge",
        _of_eventbridge("aws.cloudwatch", alarmName="a", state={"value": "ALARM"}),
    ),
    "eventbridge health": ("aws_eventbridge", _of_eventbridge("aws.health", statusCode="open")),
    "appdynamics violation": ("appdynamics", _of_appdynamics("POLICY_OPEN_WARNING")),
}


@pytest.mark.parametrize(("slug", "body"), NEVER_TOLD.values(), ids=NEVER_TOLD)
def test_what_nobody_will_tell_the_end_of_gets_a_time(slug: str, body: Json) -> None:
    assert the_one_parsed(slug, body).resolves_after == timedelta(days=1)


@pytest.mark.parametrize(("slug", "body"), TOLD.values(), ids=TOLD)
def test_what_is_told_to_be_over_waits_for_that(slug: str, body: Json) -> None:
    assert the_one_parsed(slug, body).resolves_after is None


@pytest.fixture
def azure(doorstep: Doorstep) -> Sender:
    return a_sender(doorstep, "azure_monitor", service=a_service())


def _set(sender: Sender, **settings: Any) -> None:
    for name, value in settings.items():
        setattr(sender.integration, name, value)
    sender.integration.save(update_fields=list(settings))


def _statuses(sender: Sender) -> list[str]:
    return [alert.status for alert in sender.alerts()]


def test_it_is_over_when_nobody_told_of_it_for_that_long_and_its_neighbour_is_not(
    azure: Sender, engine: MovedEngine
) -> None:
    azure.post(_azure("Activity Log"))
    engine.fast_forward(hours=20)
    azure.post(_azure("Activity Log"))
    azure.post(_azure("Metric"))
    engine.fast_forward(hours=23)
    within_a_day = _statuses(azure)

    engine.fast_forward(hours=2)

    assert within_a_day == [AlertStatus.FIRING, AlertStatus.FIRING]
    assert _statuses(azure) == [AlertStatus.RESOLVED, AlertStatus.FIRING]
    assert [incident.status for incident in azure.incidents()] == ["resolved", "triggered"]


def test_a_shorter_time_set_by_hand_counts_more(azure: Sender, engine: MovedEngine) -> None:
    _set(azure, resolve_after=timedelta(hours=1))
    azure.post(_azure("Activity Log"))

    engine.fast_forward(minutes=61)

    assert _statuses(azure) == [AlertStatus.RESOLVED]


def test_a_longer_time_set_by_hand_counts_more(azure: Sender, engine: MovedEngine) -> None:
    _set(azure, resolve_after=timedelta(days=7))
    azure.post(_azure("Activity Log"))

    engine.fast_forward(hours=49)

    assert _statuses(azure) == [AlertStatus.FIRING]


def test_set_to_nothing_by_hand_it_never_ends(azure: Sender, engine: MovedEngine) -> None:
    _set(azure, resolve_after=timedelta())
    azure.post(_azure("Activity Log"))

    engine.fast_forward(hours=49)

    assert _statuses(azure) == [AlertStatus.FIRING]
