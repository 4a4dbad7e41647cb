"""What single alerts say, where the examples of their sources do not show it."""

from typing import Any

import orjson
import pytest

from alerts.models import AlertStatus
from tests.alerts.messages import argocd_application, jira_change, sentry_issue
from tests.alerts.parsing import parsed, the_one_parsed

Json = Any


@pytest.mark.parametrize(
    ("slug", "body", "status"),
    [
        ("sentry", sentry_issue("archived", "user"), AlertStatus.RESOLVED),
        ("sentry", sentry_issue("unresolved", "application"), AlertStatus.FIRING),
        ("jira", jira_change("priority", "new"), AlertStatus.FIRING),
        ("jira", {"webhookEvent": "jira:issue_deleted", "issue": {"id": "1"}}, AlertStatus.RESOLVED),
        ("jira", {"id": "1", "key": "A-1", "fields": {"summary": "by automation"}}, AlertStatus.FIRING),
        ("argocd", argocd_application("Failed", "Healthy"), AlertStatus.FIRING),
        ("argocd", argocd_application("Succeeded", "Healthy"), AlertStatus.RESOLVED),
        ("elastalert2", {"rule": "x", "state": "ok"}, AlertStatus.RESOLVED),
        ("opensearch", {"trigger": {"name": "x"}, "state": "ACKNOWLEDGED"}, AlertStatus.ACKNOWLEDGED),
        ("grafana_oncall_formatted_webhook", {"title": "x", "state": "no_data"}, AlertStatus.FIRING),
    ],
)
def test_a_message_says_how_it_stands(slug: str, body: Json, status: AlertStatus) -> None:
    alert = the_one_parsed(slug, body)

    assert alert.status is status


def test_a_summary_of_kibana_tells_of_each_alert() -> None:
    found = {"kibana.alert.rule.uuid": "r", "kibana.alert.rule.name": "Heap", "kibana.alert.instance.id": "n-1"}
    nested = {"kibana": {"alert": {"rule": {"uuid": "r", "name": "Heap"}, "instance": {"id": "n-2"}}}}

    alerts = parsed("kibana", {"alerts": {"new": {"data": [found]}, "recovered": {"data": [nested]}}})

    assert [(alert.dedup_key, alert.status) for alert in alerts] == [
        ("r/n-1", AlertStatus.FIRING),
        ("r/n-2", AlertStatus.RESOLVED),
    ]


def test_azure_counts_severities_from_zero() -> None:
    words = ("Sev0", "Sev1", "Sev2", "Sev3", "Sev4", "Sev5")
    bodies = [{"data": {"essentials": {"alertId": "1", "alertRule": "r", "severity": word}}} for word in words]

    found = [parsed("azure_monitor", body)[0].severity for body in bodies]

    assert found == ["critical", "error", "warning", "info", "info", None]


def test_a_raw_delivery_of_text_is_known_by_its_number() -> None:
    headers = {"x-amz-sns-rawdelivery": "true", "x-amz-sns-message-id": "m-1"}

    alert = the_one_parsed("aws_cloudwatch_sns", b"Backup failed\nTwice", headers=headers, content_type="text/plain")

    assert (alert.dedup_key, alert.title, alert.description) == ("m-1", "Backup failed", "Twice")


def test_a_composite_alarm_has_no_trigger_and_is_read() -> None:
    alarm = {"AlarmName": "all", "AWSAccountId": "1", "NewStateValue": "ALARM", "AlarmRule": 'ALARM("a") OR ALARM("b")'}
    message = {"Type": "Notification", "TopicArn": "arn:aws:sns:eu-west-1:1:t", "Message": orjson.dumps(alarm).decode()}

    alert = the_one_parsed("aws_cloudwatch_sns", message)

    assert (alert.dedup_key, alert.annotations["AlarmRule"]) == ("1/eu-west-1/all", 'ALARM("a") OR ALARM("b")')
    assert alert.links[0].href.startswith("https://eu-west-1.console.aws.amazon.com/")


def test_credentials_in_what_pingdom_checks_are_not_kept() -> None:
    params = {"full_url": "https://me:secret@shop.example.net/", "header": "Authorization: secret", "hostname": "shop"}
    asked = {"check_id": 1, "check_name": "Shop", "current_state": "DOWN", "check_params": params}

    alert = the_one_parsed("pingdom", asked)

    assert [link.href for link in alert.links] == ["https://shop.example.net/"]
    assert "secret" not in str(alert)
