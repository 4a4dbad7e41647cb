"""GitHub Actions: the webhook event `workflow_run`.

Format: GitHub's documentation, "Webhook events and payloads: workflow_run". A workflow on a branch is one alert: a run
that fails fires it, the next that succeeds resolves it. Cancelled and skipped runs say nothing of the branch.
"""

from alerts.models import AlertStatus
from alerts.parsing.authentication import Signed, by
from alerts.parsing.bodies import fields_of
from alerts.parsing.fields import at, identity, labels_at, object_at, text_at
from alerts.parsing.mend import Unreadable
from alerts.parsing.source import ChangeTold, Example, Expected, Ignored, Json, ParsedAlert, Received, Source, links_of

_CONCLUSIONS = {
    "failure": AlertStatus.FIRING,
    "timed_out": AlertStatus.FIRING,
    "startup_failure": AlertStatus.FIRING,
    "success": AlertStatus.RESOLVED,
}
_WORDS = {"timed_out": "timed out", "startup_failure": "could not start", "success": "succeeded"}
_LABELS = {
    "repository": "repository.full_name",
    "organization": "organization.login",
    "workflow": ("workflow_run.name", "workflow.name"),
    "branch": "workflow_run.head_branch",
    "event": "workflow_run.event",
    "conclusion": "workflow_run.conclusion",
}
_ANNOTATIONS = {
    "run": "workflow_run.run_number",
    "attempt": "workflow_run.run_attempt",
    "commit": "workflow_run.head_sha",
    "actor": ("workflow_run.actor.login", "sender.login"),
}
_DEPLOYED = {
    "repository": "repository.full_name",
    "branch": "deployment.ref",
    "environment": ("deployment_status.environment", "deployment.environment"),
}


class GitHub(Source):
    slug = "github"
    label = "GitHub Actions"
    authentication = by(Signed("x-hub-signature-256", prefix="sha256="))
    group_text = "By workflow and branch: each is a group of its own."
    set_up = """\
In the repository or organisation under **Settings → Webhooks → Add webhook**:

- Payload URL: `{url}`
- Content type: `application/json`
- *Let me select individual events*: only *Workflow runs*, and *Deployment statuses* to see deployments beside incidents

To be told of one branch only, give the integration a route with the condition `labels.branch == "main"`.
"""

    def parse(self, received: Received) -> list[ParsedAlert]:
        """One alert for a completed run; none for all else."""
        body = fields_of(received)
        run = object_at(body, "workflow_run")
        if object_at(body, "deployment_status"):
            raise _of_deployment(body, received)
        if not run:
            if "zen" in body or "repository" in body or "sender" in body or "hook" in body:
                raise Ignored("other_event", "Not a run of a workflow: that tells of no alert.")
            raise Unreadable("unexpected_shape", "The message has neither a workflow run nor a repository.")
        conclusion = text_at(run, "conclusion").lower()
        status = _CONCLUSIONS.get(conclusion)
        if status is None:
            state = conclusion or text_at(run, "status") or "under way"
            raise Ignored("not_conclusive", f"A run that is “{state}” says nothing of its branch.")
        moment = received.moment(run.get("updated_at"))
        workflow = text_at(run, "name") or text_at(body, "workflow.name") or "Workflow"
        repository, branch = text_at(body, "repository.full_name"), text_at(run, "head_branch")
        return [
            ParsedAlert(
                dedup_key=_identity(body, run, workflow),
                title=f"{workflow} {_WORDS.get(conclusion, 'failed')} on {repository}@{branch}",
                status=status,
                description=text_at(run, "display_title", "head_commit.message"),
                labels=labels_at(body, _LABELS),
                annotations=labels_at(body, _ANNOTATIONS),
                links=links_of(("Run", run.get("html_url")), ("Repository", at(body, "repository.html_url"))),
                started_at=moment if status is AlertStatus.FIRING else None,
                ended_at=moment if status is AlertStatus.RESOLVED else None,
            )
        ]

    examples = (
        Example(
            "firing",
            {
                "action": "completed",
                "workflow_run": {
                    "id": 9001,
                    "name": "Deploy",
                    "head_branch": "release",
                    "run_number": 88,
                    "conclusion": "timed_out",
                    "workflow_id": 64,
                    "event": "push",
                    "html_url": "https://github.example.com/acme/shop/actions/runs/9001",
                    "updated_at": "2026-03-01T13:05:00Z",
                },
                "workflow": {"id": 64, "name": "Deploy"},
                "repository": {"id": 5150, "full_name": "acme/shop"},
            },
            (Expected(AlertStatus.FIRING, "Deploy timed out on acme/shop@release", None, "5150/64/release"),),
        ),
        Example(
            "resolved",
            {
                "action": "completed",
                "workflow_run": {
                    "id": 9002,
                    "name": "Deploy",
                    "head_branch": "release",
                    "run_number": 89,
                    "conclusion": "success",
                    "workflow_id": 64,
                    "updated_at": "2026-03-01T13:40:00Z",
                },
                "repository": {"id": 5150, "full_name": "acme/shop"},
            },
            (Expected(AlertStatus.RESOLVED, "Deploy succeeded on acme/shop@release", None, "5150/64/release"),),
        ),
        Example(
            "as_form",
            "payload=%7B%22workflow_run%22%3A%7B%22name%22%3A%22Lint%22%2C%22workflow_id%22%3A7%2C%22head_branch%22%3A"
            "%22main%22%2C%22conclusion%22%3A%22failure%22%7D%2C%22repository%22%3A%7B%22id%22%3A3%2C%22full_name%22"
            "%3A%22acme%2Fdocs%22%7D%7D",
            (Expected(AlertStatus.FIRING, "Lint failed on acme/docs@main", None, "3/7/main"),),
            content_type="application/x-www-form-urlencoded",
        ),
    )


def _of_deployment(body: dict[str, Json], received: Received) -> Ignored:
    """One that succeeded is a change; of those that fail their workflow tells."""
    state = text_at(body, "deployment_status.state").lower()
    if state != "success":
        return Ignored("not_conclusive", f"A deployment that is “{state}” has changed nothing yet.")
    repository, ref = text_at(body, "repository.full_name"), text_at(body, "deployment.ref")
    environment = text_at(body, "deployment_status.environment", "deployment.environment")
    received.changes.append(
        ChangeTold(
            summary=f"{repository}@{ref} was deployed" + (f" to {environment}" if environment else ""),
            at=received.moment(at(body, "deployment_status.updated_at")),
            by=text_at(body, "deployment_status.creator.login", "sender.login"),
            labels=labels_at(body, _DEPLOYED),
            details=labels_at(body, {**_DEPLOYED, "commit": "deployment.sha", "description": "deployment.description"}),
            links=links_of(
                ("Log", at(body, "deployment_status.log_url")),
                ("Environment", at(body, "deployment_status.environment_url")),
            ),
        )
    )
    return Ignored("change_event", "A deployment: it is kept beside incidents and never alerts.")


def _identity(body: dict[str, Json], run: dict[str, Json], workflow: str) -> str:
    repository = text_at(body, "repository.id") or text_at(body, "repository.full_name")
    # The branch of a fork may be called as one of ours, and its success says nothing of ours.
    fork = text_at(run, "head_repository.id")
    return identity(
        repository,
        text_at(run, "workflow_id") or text_at(body, "workflow.id") or workflow,
        f"fork {fork}" if fork and fork != repository else "",
        text_at(run, "head_branch"),
    )


SOURCE = GitHub()
