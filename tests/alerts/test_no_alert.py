"""Messages of which sources say that they tell of no alert, or that they cannot be read."""

from typing import Any

import pytest

from alerts.parsing.mend import Unreadable
from alerts.parsing.source import Ignored
from tests.alerts.messages import argocd_application, github_run, jira_change, sentry_issue
from tests.alerts.parsing import parsed

Json = Any
KUMA = {"monitor": {"id": 3, "name": "Wiki"}, "msg": "x"}
_SUBSCRIPTION = {
    "Type": "SubscriptionConfirmation",
    "TopicArn": "arn:aws:sns:eu-west-1:1:t",
    "SubscribeURL": "https://x",
}


NO_ALERT: list[tuple[str, Json, str]] = [
    ("grafana_legacy", {"ruleName": "x", "state": "pending"}, "state_pending"),
    ("grafana_legacy", {"attachments": [{"title": "[Paused] x"}]}, "state_quiet"),
    ("grafana_legacy", {"alerts": [], "state": "ok", "ruleName": "x"}, "no_alerts"),
    ("sentry", sentry_issue("assigned", "application"), "other_action"),
    ("sentry", {"action": "created", "data": {"comment": "x"}, "installation": {}}, "other_resource"),
    ("rollbar", {"event_name": "deploy", "data": {"deploy": {}}}, "other_event"),
    ("bugsnag", {"trigger": {"type": "release"}, "project": {}}, "other_event"),
    ("jira", jira_change("description", "new"), "other_change"),
    ("jira", {"webhookEvent": "comment_created", "issue": {"id": "1"}}, "other_event"),
    ("github", github_run("cancelled"), "not_conclusive"),
    ("github", github_run(None), "not_conclusive"),
    ("gitlab", {"object_kind": "pipeline", "object_attributes": {"status": "running"}}, "not_conclusive"),
    ("gitlab", {"object_kind": "push"}, "other_event"),
    ("jenkins", {"name": "x", "build": {"phase": "FINALIZED", "status": "ABORTED"}}, "not_conclusive"),
    ("argocd", argocd_application("Running", "Progressing"), "on_its_way"),
    ("argocd", argocd_application("Succeeded", "Progressing"), "on_its_way"),
    ("fluxcd", {"involvedObject": {"name": "x"}, "severity": "info", "reason": "Progressing"}, "informative"),
    ("kubernetes_event_exporter", {"reason": "Pulled", "type": "Normal", "name": "x"}, "normal"),
    ("victorops", {"message_type": "info", "entity_id": "x"}, "informative"),
    ("pagerduty_webhook_v1", {"event": {"event_type": "incident.annotated", "data": {"id": "P"}}}, "other_event"),
    (
        "aws_cloudwatch_sns",
        _SUBSCRIPTION,
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
    ("nagios", {"notification_type": "FLAPPINGSTART", "host_name": "a", "host_state": "DOWN"}, "flapping"),
    ("nagios", {"notification_type": "DOWNTIMEEND", "host_name": "a", "host_state": "UP"}, "downtime"),
    ("checkmk", {"notification_type": "CUSTOM", "host": "a", "status": "DOWN"}, "custom"),
    ("icinga2", {"host": {"name": "a"}, "check_result": {"state": "DOWN", "state_type": "SOFT"}}, "soft_state"),
    ("prtg", {"sensorid": "1", "status": "Paused (by user)"}, "paused"),
    ("uptime_kuma", {**KUMA, "heartbeat": {"status": 2}}, "pending"),
    ("uptime_kuma", {**KUMA, "heartbeat": {"status": 3}}, "maintenance"),
    ("uptime_kuma", {"heartbeat": None, "monitor": None, "msg": "Tocsin Testing"}, "test"),
    ("uptimerobot", {"monitorID": "1", "alertType": "99"}, "paused_or_started"),
    ("pingdom", {"check_id": 1, "check_name": "a", "current_state": "PAUSED"}, "not_known_yet"),
    ("better_stack", {"event": "paused", "data": {"id": "1", "type": "monitor"}}, "no_incident"),
    ("better_stack", {"event": "commented", "data": {"id": "1", "type": "incident"}}, "no_change"),
    ("graylog", {"event_definition_id": "a", "event_definition_type": "test-dummy-v1"}, "test"),
    ("graylog", {"check_result": {"triggered": False}}, "not_triggered"),
    ("riemann", [], "no_alerts"),
]


@pytest.mark.parametrize(("slug", "body", "reason"), NO_ALERT, ids=[f"{slug}-{why}" for slug, _, why in NO_ALERT])
def test_news_that_is_no_alert_is_ignored_by_name(slug: str, body: Json, reason: str) -> None:
    with pytest.raises(Ignored) as news:
        parsed(slug, body)

    assert news.value.reason == reason
    assert str(news.value).endswith(".")


def test_a_subscription_says_what_becomes_of_it() -> None:
    with pytest.raises(Ignored, match=r"arn:aws:sns:eu-west-1:1:t.*confirmed when its signature was checked"):
        parsed("aws_cloudwatch_sns", _SUBSCRIPTION)


@pytest.mark.parametrize(
    ("slug", "body"),
    [
        ("falco", {"output": "x", "priority": "Error", "hostname": "a"}),
        ("statuscake", {"Name": "Shop"}),
        ("healthchecks_io", {"code": "1"}),
        ("graylog", {"title": "x"}),
        ("uptime_kuma", {"heartbeat": {"status": "unheard of"}, "monitor": {"id": 1}}),
    ],
)
def test_what_lacks_the_one_field_that_tells_is_unreadable(slug: str, body: Any) -> None:
    with pytest.raises(Unreadable):
        parsed(slug, body)
