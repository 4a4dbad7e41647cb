"""What single sources make of messages that are no plain firing or resolved."""

from datetime import UTC, datetime

import orjson
import pytest

from alerts.mend import Unreadable
from alerts.source import Ignored, Json, ParsedAlert, Received, sources

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)

TELL_NOTHING = [
    (
        "aws_cloudwatch_sns",
        {"Type": "SubscriptionConfirmation", "TopicArn": "arn:aws:sns:eu-west-1:1:t", "SubscribeURL": "https://x"},
        "subscription_confirmation",
    ),
    (
        "aws_cloudwatch_sns",
        {"Type": "UnsubscribeConfirmation", "TopicArn": "arn:aws:sns:eu-west-1:1:t", "SubscribeURL": "https://x"},
        "unsubscribe_confirmation",
    ),
    (
        "aws_eventbridge",
        {"detail-type": "CloudWatch Alarm Configuration Change", "detail": {"alarmName": "a", "operation": "update"}},
        "configuration_change",
    ),
    ("site24x7", {"MONITOR_ID": 1, "STATUS": "MAINTENANCE"}, "not_watched"),
    ("dash0", {"type": "alert.superseded", "data": {"issue": {"issueIdentifier": "1"}}}, "superseded"),
    ("thousandeyes", {"eventType": "WEBHOOK_TEST", "eventId": "1"}, "test"),
    ("signoz", {"alerts": []}, "no_alerts"),
]


def _parse(slug: str, body: Json, **more: Json) -> list[ParsedAlert]:
    source = sources.get(slug)
    assert source is not None
    return source.parse(Received(body if isinstance(body, bytes) else orjson.dumps(body), NOW, **more))


@pytest.mark.parametrize(("slug", "body", "reason"), TELL_NOTHING, ids=[each[2] for each in TELL_NOTHING])
def test_a_message_that_tells_of_no_alert_is_ignored_with_its_reason(slug: str, body: Json, reason: str) -> None:
    with pytest.raises(Ignored) as ignored:
        _parse(slug, body)

    assert ignored.value.reason == reason
    assert str(ignored.value).endswith(".")


def test_a_subscription_says_what_to_do() -> None:
    with pytest.raises(Ignored, match=r"arn:aws:sns:eu-west-1:1:t.*open the address.*SubscribeURL"):
        _parse("aws_cloudwatch_sns", TELL_NOTHING[0][1])


WITHOUT_VALUES = [
    ("datadog", {"alert_title": "$EVENT_TITLE", "alert_cycle_key": "$ALERT_CYCLE_KEY", "alert_id": "$ALERT_ID"}),
    ("datadog", {"title": "[Triggered]", "org": {"name": "Shop"}, "id": "1"}),
    ("aws_eventbridge", {"detail-type": "Anything", "source": "own.service", "detail": {"a": 1}}),
    ("dynatrace", {"PID": "{PID}", "ProblemTitle": "{ProblemTitle}", "State": "{State}"}),
    ("coralogix", {"alert_id": "$ALERT_ID", "name": "$ALERT_NAME", "alert_action": "$ALERT_ACTION"}),
    ("appdynamics", {"event": {"displayName": "Event", "node": {"name": "${latestEvent.node.name}"}}}),
    ("solarwinds", {"alert_object_id": "${N=Alerting;M=AlertObjectID}", "alert_name": "${N=Alerting;M=AlertName}"}),
    ("new_relic", {"id": "{{ json issueId }}", "title": "{{ json annotations.title.[0] }}"}),
    ("splunk", {"search_name": "", "sid": None, "result": {}}),
]


@pytest.mark.parametrize(("slug", "body"), WITHOUT_VALUES, ids=[each[0] for each in WITHOUT_VALUES])
def test_what_nothing_can_be_known_by_is_kept_aside_and_not_one_alert_of_all(slug: str, body: Json) -> None:
    with pytest.raises(Unreadable) as trouble:
        _parse(slug, body)

    assert trouble.value.reason == "no_identity"


def test_azure_counts_severities_from_zero() -> None:
    words = ("Sev0", "Sev1", "Sev2", "Sev3", "Sev4", "Sev5")
    bodies = [{"data": {"essentials": {"alertId": "1", "alertRule": "r", "severity": word}}} for word in words]

    found = [_parse("azure_monitor", body)[0].severity for body in bodies]

    assert found == ["critical", "error", "warning", "info", "info", None]


def test_a_raw_delivery_of_text_is_known_by_its_number() -> None:
    headers = {"x-amz-sns-rawdelivery": "true", "x-amz-sns-message-id": "m-1"}

    (alert,) = _parse("aws_cloudwatch_sns", b"Backup failed\nTwice", headers=headers, content_type="text/plain")

    assert (alert.dedup_key, alert.title, alert.description) == ("m-1", "Backup failed", "Twice")


def test_a_composite_alarm_has_no_trigger_and_is_read() -> None:
    alarm = {"AlarmName": "all", "AWSAccountId": "1", "NewStateValue": "ALARM", "AlarmRule": 'ALARM("a") OR ALARM("b")'}
    message = {"Type": "Notification", "TopicArn": "arn:aws:sns:eu-west-1:1:t", "Message": orjson.dumps(alarm).decode()}

    (alert,) = _parse("aws_cloudwatch_sns", message)

    assert (alert.dedup_key, alert.annotations["AlarmRule"]) == ("1/eu-west-1/all", 'ALARM("a") OR ALARM("b")')
    assert alert.links[0].href.startswith("https://eu-west-1.console.aws.amazon.com/")


def test_events_of_an_application_that_are_no_violations_are_told_apart() -> None:
    events = [
        {"eventType": kind, "displayName": name, "application": {"name": "Shop"}}
        for kind, name in (("DEADLOCK", "Deadlock"), ("APPLICATION_CRASH", "Crash"), ("DEADLOCK", "Deadlock"))
    ]

    keys = [_parse("appdynamics", {"event": event})[0].dedup_key for event in events]

    assert keys == ["Deadlock/Shop", "Crash/Shop", "Deadlock/Shop"]


def test_groups_of_a_datadog_monitor_are_alerts_of_their_own() -> None:
    keys = {
        _parse("datadog", {"alert_title": "Load", "alert_id": "7", "alert_scope": scope})[0].dedup_key
        for scope in ("host:a", "host:b")
    }

    assert keys == {"7/host:a", "7/host:b"}
