"""What sources make of messages that their examples do not show: no alert, another alert, or somebody who took it."""

from datetime import UTC, datetime
from typing import Any

import orjson
import pytest

from alerts.mend import Unreadable
from alerts.models import AlertStatus
from alerts.source import Ignored, ParsedAlert, Received, sources

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
Json = Any


def _read(slug: str, body: Json) -> list[ParsedAlert]:
    source = sources.get(slug)
    assert source is not None
    raw = body.encode() if isinstance(body, str) else orjson.dumps(body)
    return source.parse(Received(body=raw, now=NOW, content_type="application/json"))


def _jira(field: str, category: str) -> Json:
    return {
        "webhookEvent": "jira:issue_updated",
        "issue": {"id": "1", "fields": {"summary": "x", "status": {"statusCategory": {"key": category}}}},
        "changelog": {"items": [{"field": field}]},
    }


def _sentry(action: str, actor: str) -> Json:
    return {"action": action, "actor": {"type": actor}, "data": {"issue": {"id": "5", "title": "x"}}}


def _github(conclusion: str | None, fork: int = 1) -> Json:
    run = {"name": "CI", "workflow_id": 2, "head_branch": "main", "conclusion": conclusion, "status": "in_progress"}
    return {"workflow_run": {**run, "head_repository": {"id": fork}}, "repository": {"id": 1, "full_name": "a/b"}}


def _argocd(phase: str, health: str) -> Json:
    return {"app": "x", "operation_phase": phase, "health_status": health}


NO_ALERT: list[tuple[str, Json, str]] = [
    ("grafana_legacy", {"ruleName": "x", "state": "pending"}, "state_pending"),
    ("sentry", _sentry("assigned", "application"), "other_action"),
    ("sentry", {"action": "created", "data": {"comment": "x"}, "installation": {}}, "other_resource"),
    ("rollbar", {"event_name": "deploy", "data": {"deploy": {}}}, "other_event"),
    ("bugsnag", {"trigger": {"type": "release"}, "project": {}}, "other_event"),
    ("jira", _jira("description", "new"), "other_change"),
    ("jira", {"webhookEvent": "comment_created", "issue": {"id": "1"}}, "other_event"),
    ("github", _github("cancelled"), "not_conclusive"),
    ("github", _github(None), "not_conclusive"),
    ("gitlab", {"object_kind": "pipeline", "object_attributes": {"status": "running"}}, "not_conclusive"),
    ("gitlab", {"object_kind": "push"}, "other_event"),
    ("jenkins", {"name": "x", "build": {"phase": "FINALIZED", "status": "ABORTED"}}, "not_conclusive"),
    ("argocd", _argocd("Running", "Progressing"), "on_its_way"),
    ("argocd", _argocd("Succeeded", "Progressing"), "on_its_way"),
    ("fluxcd", {"involvedObject": {"name": "x"}, "severity": "info", "reason": "Progressing"}, "informative"),
    ("kubernetes_event_exporter", {"reason": "Pulled", "type": "Normal", "name": "x"}, "normal"),
    ("victorops", {"message_type": "info", "entity_id": "x"}, "informative"),
    ("pagerduty_webhook_v1", {"event": {"event_type": "incident.annotated", "data": {"id": "P"}}}, "other_event"),
]


@pytest.mark.parametrize(("slug", "body", "reason"), NO_ALERT)
def test_news_that_is_no_alert_is_ignored_by_name(slug: str, body: Json, reason: str) -> None:
    with pytest.raises(Ignored) as news:
        _read(slug, body)

    assert news.value.reason == reason


@pytest.mark.parametrize(
    ("slug", "body", "status"),
    [
        ("sentry", _sentry("archived", "user"), AlertStatus.RESOLVED),
        ("sentry", _sentry("unresolved", "application"), AlertStatus.FIRING),
        ("jira", _jira("priority", "new"), AlertStatus.FIRING),
        ("jira", {"webhookEvent": "jira:issue_deleted", "issue": {"id": "1"}}, AlertStatus.RESOLVED),
        ("jira", {"id": "1", "key": "A-1", "fields": {"summary": "by automation"}}, AlertStatus.FIRING),
        ("argocd", _argocd("Failed", "Healthy"), AlertStatus.FIRING),
        ("argocd", _argocd("Succeeded", "Healthy"), AlertStatus.RESOLVED),
        ("elastalert2", {"rule": "x", "state": "ok"}, AlertStatus.RESOLVED),
        ("opensearch", {"trigger": {"name": "x"}, "state": "ACKNOWLEDGED"}, AlertStatus.ACKNOWLEDGED),
        ("grafana_oncall_formatted_webhook", {"title": "x", "state": "no_data"}, AlertStatus.FIRING),
    ],
)
def test_a_message_says_how_it_stands(slug: str, body: Json, status: AlertStatus) -> None:
    (alert,) = _read(slug, body)

    assert alert.status is status


def test_the_branch_of_a_fork_is_not_ours() -> None:
    (ours,), (theirs,) = _read("github", _github("failure")), _read("github", _github("success", fork=9))

    assert ours.dedup_key != theirs.dedup_key


@pytest.mark.parametrize(
    ("slug", "one", "other"),
    [
        ("kibana", {"rule_name": "a", "alert_id": "{{alert.id}}"}, {"rule_name": "b", "alert_id": "{{alert.id}}"}),
        ("opensearch", {"monitor": {"id": "{{x}}", "name": "{{y}}"}, "message": "a"},
         {"monitor": {"id": "{{x}}", "name": "{{y}}"}, "message": "b"}),
        ("elasticsearch_watcher", {"watch_id": "{{x}}", "title": "a"}, {"watch_id": "{{x}}", "title": "b"}),
        ("grafana_oncall_formatted_webhook", {"alert_uid": "$UID$", "title": "a"},
         {"alert_uid": "$UID$", "title": "b"}),
    ],
)  # fmt: skip
def test_macros_nobody_filled_in_do_not_merge_alerts(slug: str, one: Json, other: Json) -> None:
    assert _read(slug, one)[0].dedup_key != _read(slug, other)[0].dedup_key


def test_a_summary_of_kibana_tells_of_each_alert() -> None:
    found = {"kibana.alert.rule.uuid": "r", "kibana.alert.rule.name": "Heap", "kibana.alert.instance.id": "n-1"}
    nested = {"kibana": {"alert": {"rule": {"uuid": "r", "name": "Heap"}, "instance": {"id": "n-2"}}}}

    alerts = _read("kibana", {"alerts": {"new": {"data": [found]}, "recovered": {"data": [nested]}}})

    assert [(alert.dedup_key, alert.status) for alert in alerts] == [
        ("r/n-1", AlertStatus.FIRING),
        ("r/n-2", AlertStatus.RESOLVED),
    ]


def test_the_newer_messages_of_grafana_are_not_guessed_at() -> None:
    with pytest.raises(Unreadable, match="Grafana Alerting"):
        _read("grafana_legacy", {"alerts": [], "state": "ok", "ruleName": "x"})
