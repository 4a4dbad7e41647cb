"""StatusCake's webhook of a contact group.

Format: StatusCake's knowledge base, "How to use the Web Hook URL": a form (JSON from some), with `Status` Up or Down
and no time. `Token`, a hash of the account's key, is not kept.
"""

from alerts.models import AlertStatus
from alerts.parsing.authentication import InForm, by
from alerts.parsing.bodies import fields_of
from alerts.parsing.fields import flattened, key_of_content, labels_at, said, text_at
from alerts.parsing.mend import Unreadable
from alerts.parsing.source import Example, Expected, ParsedAlert, Received, Source, links_of

_STATUSES = {"up": AlertStatus.RESOLVED, "down": AlertStatus.FIRING}


class StatusCake(Source):
    slug = "statuscake"
    label = "StatusCake"
    authentication = by(InForm("Token"))
    group_text = "Not at all: each test is a group of its own."
    set_up = """\
Under **Alerting → Contact Groups**, in the group that your tests use:

- Webhook URL: `{url}`
- Webhook Method: `POST`
"""

    def parse(self, received: Received) -> list[ParsedAlert]:
        """One alert."""
        fields = flattened(fields_of(received))
        word = said(fields, "status")
        status = _STATUSES.get(word.lower())
        if status is None:
            raise Unreadable("unexpected_shape", "“Status” is neither Up nor Down, as it always is.")
        name, url = said(fields, "name"), said(fields, "url")
        identity = said(fields, "testid") or " ".join(filter(None, (name, url)))
        code = said(fields, "statuscode")
        return [
            ParsedAlert(
                dedup_key=identity or key_of_content(fields),
                title=f"{name or url or text_at(fields, 'name') or 'A test'} is {word.lower()}",
                status=status,
                description=f"Status code {code}" if code else "",
                labels=labels_at(
                    fields, {"test": "name", "test_id": "testid", "url": "url", "ip": "ip", "tags": "tags"}
                ),
                annotations=labels_at(
                    fields, {"status_code": "statuscode", "check_rate": "checkrate", "contact": "contactgroup"}
                ),
                links=links_of(("Tested page", url)),
            )
        ]

    examples = (
        Example(
            "firing",
            "Token=0c9fa5e2&Status=Down&StatusCode=0&URL=https%3A%2F%2Fpay.example.net&IP=192.0.2.9&Tags=shop"
            "&Name=Payments&CheckRate=60",
            (Expected(AlertStatus.FIRING, "Payments is down", None, "Payments https://pay.example.net"),),
            content_type="application/x-www-form-urlencoded",
        ),
        Example(
            "resolved",
            "Token=0c9fa5e2&Status=Up&StatusCode=200&URL=https%3A%2F%2Fpay.example.net&Name=Payments&CheckRate=60",
            (Expected(AlertStatus.RESOLVED, "Payments is up", None, "Payments https://pay.example.net"),),
            content_type="application/x-www-form-urlencoded",
        ),
        Example(
            "json",
            {"Name": "Payments", "Status": "DOWN", "StatusCode": 503, "TestID": 61234, "URL": "https://pay.example.net"},
            (Expected(AlertStatus.FIRING, "Payments is down", None, "61234"),),
        ),
    )  # fmt: skip


SOURCE = StatusCake()
