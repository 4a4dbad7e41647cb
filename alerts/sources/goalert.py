"""GoAlert's generic API, whose senders only change the host name.

Format: GoAlert's documentation, "Generic API": `summary`, `details`, `action` (`close` ends it) and `dedup`. Without
`dedup` the same summary and details are the same alert.
"""

import hashlib

from alerts.models import AlertStatus
from alerts.parsing.bodies import fields_of
from alerts.parsing.fields import text_at
from alerts.parsing.mend import Unreadable
from alerts.parsing.source import Example, Expected, ParsedAlert, Received, Source, as_texts, severity_of
from incidents.models import Severity

_TOLD = frozenset({"summary", "details", "action", "dedup", "token", "severity", "meta"})
_LONGEST_LABEL = 200


class GoAlert(Source):
    slug = "goalert"
    label = "GoAlert generic API"
    group_text = "By dedup: each alert is a group of its own."
    set_up = """\
Change the host name of the sender, and give it the integration key as its token:

```text
curl -X POST '{base_url}/api/v2/generic/incoming?token={key}' \\
  -d summary='Disk almost full on db-1' -d details='97 %' -d dedup=db-1/disk
```

The same with `-d action=close` resolves it.
"""

    def parse(self, received: Received) -> list[ParsedAlert]:
        """One alert."""
        body = fields_of(received)
        summary, details, dedup = (text_at(body, name).strip() for name in ("summary", "details", "dedup"))
        if not (summary or details or dedup):
            raise Unreadable("no_content", "The message has neither “summary” nor “details” nor “dedup”.")
        is_over = text_at(body, "action").strip().lower() == "close"
        identity = dedup or hashlib.sha256(f"{summary}\n{details}".encode()).hexdigest()
        labels = {
            name: text
            for name in body
            if name not in _TOLD and (text := text_at(body, name)) and len(text) <= _LONGEST_LABEL
        }
        return [
            ParsedAlert(
                dedup_key=identity,
                title=summary or details.partition("\n")[0] or dedup,
                status=AlertStatus.RESOLVED if is_over else AlertStatus.FIRING,
                severity=None if is_over else severity_of(body.get("severity")),
                description=details,
                labels={**labels, **as_texts(body.get("meta"))},
            )
        ]

    examples = (
        Example(
            "firing",
            {"summary": "Disk almost full on db-1", "details": "97 % of /var", "dedup": "db-1/disk"},
            (Expected(AlertStatus.FIRING, "Disk almost full on db-1", None, "db-1/disk"),),
        ),
        Example(
            "resolved",
            {"summary": "Disk is fine again", "action": "close", "dedup": "db-1/disk"},
            (Expected(AlertStatus.RESOLVED, "Disk is fine again", None, "db-1/disk"),),
        ),
        Example(
            "form",
            "summary=Backup+failed&details=No+space&severity=error",
            (Expected(AlertStatus.FIRING, "Backup failed", Severity.ERROR),),
            content_type="application/x-www-form-urlencoded",
        ),
    )


SOURCE = GoAlert()
