"""Mail: received by the SMTP listener, handed over by a mail provider, or posted as it is or as a provider's fields.

Format: RFC 5322 and MIME; JSON and forms as of Mailgun's routes, Postmark's and SendGrid's inbound webhooks, Amazon
SES by SNS, and Grafana OnCall's inbound e-mail.
"""

from alerts.models import AlertStatus
from alerts.parsing import mail_rules
from alerts.parsing.authentication import BY_HEADER
from alerts.parsing.fields import labels_at
from alerts.parsing.mails import mail_of
from alerts.parsing.source import Example, Expected, Ignored, ParsedAlert, Received, Source, links_of
from incidents.models import Severity

_MOST_LINKS = 3
_ECHOES = {
    "bounce": "A mail server's report tells of no alert.",
    "auto_reply": "An automatic answer tells of no alert.",
    "own_mail": "It is a page of Tocsin's own, or an answer to one.",
    "loop": "It went through too many mail servers: it is caught in a circle.",
}


def _mail(subject: str, text: str, **headers: str) -> str:
    lines = [
        "From: Night checks <checks@db-1.example.com>",
        "To: key@tocsin.example.com",
        f"Subject: {subject}",
        "Date: Sun, 01 Mar 2026 10:00:00 +0000",
        *(f"{name.replace('_', '-')}: {value}" for name, value in headers.items()),
    ]
    return "\n".join([*lines, "", text])


class Email(Source):
    slug = "email"
    label = "E-mail"
    authentication = BY_HEADER
    group_text = "Not at all: each subject, without what says how it stands, is a group of its own."
    set_up = """\
Send mail to `{key}@` and the host name of your Tocsin's mail listener (TOCSIN_SMTP_IN), for example
`{key}@tocsin.example.com`. Whatever stands before a plus sign does not matter: `alerts+{key}@…` is the same.

A mail provider that posts what it receives can post it here, as it is or as fields: `{url}`. So can a topic of Amazon
SNS to which SES publishes mail with its content, and a mail server of your own, from a `.forward` or an alias:

```text
|"curl --fail --silent --data-binary @- -H 'Content-Type: message/rfc822' {url}"
```

The subject, without `Re:`, `[RESOLVED]`, `PROBLEM:` and the like, says which alert it is. `[RESOLVED]`, `OK:`, “is up”
and the like in the subject, or a text that is only `OK`, resolve it. Rules of the integration's own can say otherwise.
"""

    def parse(self, received: Received) -> list[ParsedAlert]:
        """One alert; none for bounces, automatic answers and our own pages."""
        mail = mail_of(received)
        if mail.echo:
            raise Ignored(mail.echo, _ECHOES[mail.echo])
        rules = mail_rules.rules_of(received.rules)
        if mail_rules.is_ignored(rules, mail):
            raise Ignored("ignored_by_rule", "A rule of the integration says that this tells of nothing.")
        status = mail_rules.status(rules, mail)
        at = received.moment(mail.date or None)
        return [
            ParsedAlert(
                dedup_key=mail_rules.identity(rules, mail) or "mail without a subject",
                title=mail_rules.title(rules, mail),
                status=status,
                severity=mail_rules.severity(rules, mail),
                description=mail.text,
                labels=labels_at(
                    {"sender": mail.sender, "subject": mail.subject}, {"sender": "sender", "subject": "subject"}
                ),
                links=links_of(*(("Link", each) for each in _addresses(mail.text)[:_MOST_LINKS])),
                started_at=at if status is AlertStatus.FIRING else None,
                ended_at=at if status is AlertStatus.RESOLVED else None,
                element={"subject": mail.subject, "text": mail.text, "sender": mail.sender},
            )
        ]

    examples = (
        Example(
            "firing",
            _mail("PROBLEM: Backup of db-1 is CRITICAL", "No space left on device\nhttps://checks.example.com/7"),
            (Expected(AlertStatus.FIRING, "PROBLEM: Backup of db-1 is CRITICAL", Severity.CRITICAL, "backup of db-1"),),
            content_type="message/rfc822",
        ),
        Example(
            "resolved",
            _mail("Re: RECOVERY: Backup of db-1 is OK", "It went through.", In_Reply_To="<7@checks.example.com>"),
            (Expected(AlertStatus.RESOLVED, "RECOVERY: Backup of db-1 is OK", None, "backup of db-1"),),
            content_type="message/rfc822",
        ),
        Example(
            "as_json",
            {"subject": "Queue is long", "message": "5,000 wait", "sender": "jobs@example.com"},
            (Expected(AlertStatus.FIRING, "Queue is long", None, "queue is long"),),
        ),
        Example(
            "as_form",
            "subject=%5BFIRING%3A1%5D+Queue+is+long&body-plain=5%2C000+wait&from=Jobs+%3Cjobs%40example.com%3E",
            (Expected(AlertStatus.FIRING, "[FIRING:1] Queue is long", None, "queue is long"),),
            content_type="application/x-www-form-urlencoded",
        ),
    )


def _addresses(text: str) -> list[str]:
    words = (word.strip("<>()[],.;\"'") for word in text.split())
    return list(dict.fromkeys(word for word in words if word.startswith(("http://", "https://"))))


SOURCE = Email()
