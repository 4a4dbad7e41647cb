"""Messages of senders that several tests vary."""

from typing import Any

Json = Any


def jira_change(field: str, category: str) -> Json:
    """An issue that changed in this field."""
    return {
        "webhookEvent": "jira:issue_updated",
        "issue": {"id": "1", "fields": {"summary": "x", "status": {"statusCategory": {"key": category}}}},
        "changelog": {"items": [{"field": field}]},
    }


def sentry_issue(action: str, actor: str) -> Json:
    """What somebody did to an issue."""
    return {"action": action, "actor": {"type": actor}, "data": {"issue": {"id": "5", "title": "x"}}}


def github_run(conclusion: str | None, fork: int = 1) -> Json:
    """A run on the main branch, of the repository or of a fork."""
    run = {"name": "CI", "workflow_id": 2, "head_branch": "main", "conclusion": conclusion, "status": "in_progress"}
    return {"workflow_run": {**run, "head_repository": {"id": fork}}, "repository": {"id": 1, "full_name": "a/b"}}


def argocd_application(phase: str, health: str) -> Json:
    """An application in this phase and health."""
    return {"app": "x", "operation_phase": phase, "health_status": health}
