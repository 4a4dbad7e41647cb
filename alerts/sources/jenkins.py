"""Jenkins, through its Notification plugin.

Format: the plugin's documentation, "Notification Plugin: JSON". A job on a branch is one alert: a build that fails
fires it, the next that succeeds resolves it. A build may be told of as completed and again as finalized.
"""

from alerts.models import AlertStatus
from alerts.parsing.fields import at, identity, labels_at, object_at, objects_at, text_at
from alerts.parsing.mend import Unreadable
from alerts.parsing.source import (
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
from incidents.models import Severity

_STATUSES = {
    "SUCCESS": (AlertStatus.RESOLVED, None, "succeeded"),
    "UNSTABLE": (AlertStatus.FIRING, Severity.WARNING, "is unstable"),
    "FAILURE": (AlertStatus.FIRING, Severity.ERROR, "failed"),
}
_ENDS = frozenset({"COMPLETED", "FINALIZED", "FINISHED"})


class Jenkins(Source):
    slug = "jenkins"
    label = "Jenkins"
    authentication = None
    group_text = "By job and branch: each is a group of its own."
    set_up = """\
Install the *Notification* plugin. In the job's configuration under **Job Notifications → Add Endpoint**:

- Format: `JSON`, Protocol: `HTTP`
- Event: `Job Finalized`
- URL: `{url}`

In a pipeline:

```text
properties([[$class: 'HudsonNotificationProperty', endpoints: [[
    event: 'finalized', format: 'JSON', protocol: 'HTTP', timeout: 30000,
    urlInfo: [urlOrId: '{url}', urlType: 'PUBLIC']
]]]])
```
"""

    def parse(self, received: Received) -> list[ParsedAlert]:
        """One alert for a build that ended; none for one that begins or was stopped."""
        body = expect_object(received.json())
        build = object_at(body, "build")
        # The name of a job in a folder or of a branch is not unique; its address is.
        job, name = text_at(body, "url", "name"), text_at(body, "display_name", "name", "url")
        if not build or not job:
            raise Unreadable("unexpected_shape", "The message has no job and build, which the plugin always sends.")
        phase, word = text_at(build, "phase").upper(), text_at(build, "status").upper()
        if phase not in _ENDS:
            raise Ignored("not_ended", f"A build in the phase “{phase}” has no result yet.")
        if word not in _STATUSES:
            raise Ignored("not_conclusive", f"A build that is “{word}” says nothing of its job.")
        status, severity, said = _STATUSES[word]
        moment = received.moment(build.get("timestamp")) if build.get("timestamp") else None
        return [
            ParsedAlert(
                dedup_key=identity(job.strip("/"), text_at(build, "scm.branch")) or name,
                title=f"{name} #{text_at(build, 'number')} {said}",
                status=status,
                severity=severity,
                description=_failed_tests(build) or text_at(build, "log", "notes"),
                labels={
                    "job": name,
                    **labels_at(build, {"branch": "scm.branch", "node": "node_name"}),
                },
                annotations=labels_at(
                    build, {"commit": "scm.commit", "repository": "scm.url", "number": "number", "phase": "phase"}
                ),
                links=links_of(("Build", at(build, "full_url"))),
                started_at=moment if status is AlertStatus.FIRING else None,
                ended_at=moment if status is AlertStatus.RESOLVED else None,
            )
        ]

    examples = (
        Example(
            "firing",
            {
                "name": "night",
                "display_name": "Night build",
                "url": "job/shop/job/night/",
                "build": {
                    "full_url": "https://jenkins.example.com/job/shop/job/night/204/",
                    "number": 204,
                    "phase": "FINALIZED",
                    "status": "UNSTABLE",
                    "timestamp": 1772316000000,
                    "scm": {"branch": "origin/main", "commit": "77ab"},
                    "test_summary": {"failed": 1, "failed_tests": [{"name": "test_basket", "suite": "shop"}]},
                },
            },
            (
                Expected(
                    AlertStatus.FIRING,
                    "Night build #204 is unstable",
                    Severity.WARNING,
                    "job/shop/job/night/origin/main",
                ),
            ),
        ),
        Example(
            "resolved",
            {
                "name": "night",
                "display_name": "Night build",
                "url": "job/shop/job/night/",
                "build": {
                    "number": 205,
                    "phase": "COMPLETED",
                    "status": "SUCCESS",
                    "timestamp": 1772402400000,
                    "scm": {"branch": "origin/main"},
                },
            },
            (Expected(AlertStatus.RESOLVED, "Night build #205 succeeded", None, "job/shop/job/night/origin/main"),),
        ),
    )


def _failed_tests(build: dict[str, Json]) -> str:
    failed = objects_at(build, "test_summary.failed_tests")
    names = [".".join(filter(None, (text_at(test, "suite"), text_at(test, "name")))) for test in failed[:50]]
    return "Failed: " + ", ".join(names) if names else ""


SOURCE = Jenkins()
