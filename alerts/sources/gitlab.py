"""GitLab's pipeline events.

Format: GitLab's documentation, "Webhook events: Pipeline events". They come with every change of status. The
pipelines of a branch or tag are one alert: one that fails fires it, the next that succeeds resolves it.
"""

from alerts.models import AlertStatus
from alerts.parsing.authentication import InHeader, by
from alerts.parsing.fields import at, identity, labels_at, object_at, objects_at, text_at
from alerts.parsing.mend import Unreadable
from alerts.parsing.source import (
    ChangeTold,
    Example,
    Expected,
    Ignored,
    Json,
    ParsedAlert,
    Received,
    Source,
    expect_object,
    links_of,
)

_STATUSES = {"failed": AlertStatus.FIRING, "success": AlertStatus.RESOLVED}
_WORDS = {"failed": "failed", "success": "succeeded"}
_LABELS = {
    "project": ("project.path_with_namespace", "project.name"),
    "branch": "object_attributes.ref",
    "pipeline_source": "object_attributes.source",
}
_ANNOTATIONS = {
    "commit": "object_attributes.sha",
    "user": "user.name",
    "duration": "object_attributes.duration",
    "merge_request": "merge_request.title",
}
_DEPLOYED = {
    "project": ("project.path_with_namespace", "project.name"),
    "branch": "ref",
    "environment": "environment",
}


class GitLab(Source):
    slug = "gitlab"
    label = "GitLab pipelines"
    authentication = by(InHeader("x-gitlab-token"))
    group_text = "By project and branch: each is a group of its own."
    set_up = """\
In the project or group under **Settings → Webhooks → Add new webhook**:

- URL: `{url}`
- Trigger: only *Pipeline events*, and *Deployment events* to see deployments beside incidents

To be told of one branch only, give the integration a route with the condition `labels.branch == "main"`.
"""

    def parse(self, received: Received) -> list[ParsedAlert]:
        """One alert for a pipeline that failed or succeeded; none for all else."""
        body = expect_object(received.json())
        kind = text_at(body, "object_kind")
        pipeline = object_at(body, "object_attributes")
        if not kind:
            raise Unreadable("unexpected_shape", "The message has no “object_kind”, which GitLab always sends.")
        if kind == "deployment":
            raise _of_deployment(body, received)
        if kind != "pipeline":
            raise Ignored("other_event", f"“{kind}” tells of no pipeline.")
        state = text_at(pipeline, "status").lower()
        status = _STATUSES.get(state)
        if status is None:
            raise Ignored("not_conclusive", f"A pipeline that is “{state}” says nothing of its branch yet.")
        number, ref = text_at(pipeline, "id"), text_at(pipeline, "ref")
        project = text_at(body, "project.path_with_namespace", "project.name")
        key = identity(text_at(body, "project.id") or project, ref)
        if not key:
            raise Unreadable("no_identity", "The message names no project and no branch.")
        moment = received.moment(pipeline.get("finished_at"))
        return [
            ParsedAlert(
                dedup_key=key,
                title=f"Pipeline #{number} {project} {ref} {_WORDS[state]}",
                status=status,
                description=_failed_jobs(body) or text_at(body, "commit.title", "commit.message"),
                labels=labels_at(body, _LABELS),
                annotations=labels_at(body, _ANNOTATIONS),
                links=links_of(("Pipeline", _address(body, number)), ("Commit", at(body, "commit.url"))),
                started_at=moment if status is AlertStatus.FIRING else None,
                ended_at=moment if status is AlertStatus.RESOLVED else None,
            )
        ]

    examples = (
        Example(
            "firing",
            {
                "object_kind": "pipeline",
                "object_attributes": {
                    "id": 7210,
                    "ref": "stable",
                    "sha": "5d6e",
                    "source": "push",
                    "status": "failed",
                    "finished_at": "2026-03-01 14:02:11 UTC",
                },
                "project": {
                    "id": 33,
                    "path_with_namespace": "acme/api",
                    "web_url": "https://gitlab.example.com/acme/api",
                },
                "builds": [
                    {"name": "unit", "stage": "test", "status": "failed", "failure_reason": "script_failure"},
                    {"name": "style", "stage": "test", "status": "failed", "allow_failure": True},
                ],
            },
            (Expected(AlertStatus.FIRING, "Pipeline #7210 acme/api stable failed", None, "33/stable"),),
        ),
        Example(
            "resolved",
            {
                "object_kind": "pipeline",
                "object_attributes": {
                    "id": 7216,
                    "ref": "stable",
                    "status": "success",
                    "finished_at": "2026-03-01 15:00:00 UTC",
                },
                "project": {"id": 33, "path_with_namespace": "acme/api"},
            },
            (Expected(AlertStatus.RESOLVED, "Pipeline #7216 acme/api stable succeeded", None, "33/stable"),),
        ),
    )


def _of_deployment(body: dict[str, Json], received: Received) -> Ignored:
    """One that succeeded is a change; of those that fail their pipeline tells."""
    state = text_at(body, "status").lower()
    if state != "success":
        return Ignored("not_conclusive", f"A deployment that is “{state}” has changed nothing yet.")
    environment = text_at(body, "environment")
    what = f"{text_at(body, 'project.path_with_namespace', 'project.name')} {text_at(body, 'ref', 'short_sha')}".strip()
    received.changes.append(
        ChangeTold(
            summary=f"{what} was deployed" + (f" to {environment}" if environment else ""),
            at=received.moment(body.get("status_changed_at")),
            by=text_at(body, "user.username", "user.name"),
            labels=labels_at(body, _DEPLOYED),
            details=labels_at(body, {**_DEPLOYED, "commit": "short_sha", "title": "commit_title"}),
            links=links_of(("Job", body.get("deployable_url")), ("Commit", body.get("commit_url"))),
        )
    )
    return Ignored("change_event", "A deployment: it is kept beside incidents and never alerts.")


def _failed_jobs(body: dict[str, Json]) -> str:
    failed = [
        job
        for job in objects_at(body, "builds")
        if job.get("status") == "failed" and job.get("allow_failure") is not True
    ]
    names = [" / ".join(filter(None, (text_at(job, "stage"), text_at(job, "name")))) for job in failed]
    return "Failed: " + ", ".join(names) if names else ""


def _address(body: dict[str, Json], number: str) -> str:
    project = text_at(body, "project.web_url")
    return text_at(body, "object_attributes.url") or (f"{project}/-/pipelines/{number}" if project else "")


SOURCE = GitLab()
