"""Mail comes in by the real listener, in a process of its own, and pages."""

import smtplib
import ssl
from email.message import EmailMessage
from pathlib import Path

import pytest

from config.up import health
from tests.certificates import Files
from tests.fakes.waiting import wait_for
from tests.stack import Stack, free_port

pytestmark = pytest.mark.stack

CONFIGURATION = r"""
users:
  - {username: rob, email: rob@example.com, role: admin}
teams:
  - {name: platform, members: [rob]}
escalation_policies:
  - {name: platform, team: platform, steps: [{notify: [{user: rob}], wait: 5m}]}
services:
  - {name: storage, team: platform, escalation_policy: platform}
integrations:
  - name: nas
    source: email
    mail:
      identity: 'host=(\S+)'
      resolved: 'state=healthy'
      severity: {critical: 'level=1'}
    routes: [{service: storage}]
api_keys:
  - {name: test, user: rob, scope: admin}
"""


def _send(port: int, key: str, subject: str, text: str, *, trusted: ssl.SSLContext | None = None) -> None:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "nas@example.com", f"{key}@tocsin.example.com", subject
    mail.set_content(text)
    with smtplib.SMTP("localhost", port, timeout=10) as smtp:
        if trusted is not None:
            smtp.starttls(context=trusted)
        smtp.send_message(mail)


def test_mail_opens_and_resolves_an_incident_by_the_integrations_rules(stack: Stack, tmp_path: Path) -> None:
    port = free_port()
    applied = stack.apply(CONFIGURATION)
    key = applied["integrations"]["nas"]["key"]
    files = Files(tmp_path / "chain.pem", tmp_path / "key.pem")
    files.write()
    certificate = {"TOCSIN_SMTP_IN_CERTIFICATE": str(files.chain), "TOCSIN_SMTP_IN_KEY": str(files.key)}
    stack.start("mail", TOCSIN_SMTP_IN=f"127.0.0.1:{port}", **certificate)
    wait_for(lambda: health.is_signed(stack.folder, "mail"), 30, "the listener")

    with stack.api(applied["api_keys"]["test"]) as api:

        def incidents() -> list[tuple[str, str, str]]:
            found = api.get("incidents/").json()["results"]
            return [(each["title"], each["status"], each["severity"]) for each in found]

        _send(port, key, "Report 1", "host=nas-1 state=degraded level=1")
        wait_for(lambda: incidents() == [("Report 1", "triggered", "critical")], 30, "the incident")
        _send(port, key, "Report 2", "host=nas-1 state=healthy", trusted=files.trusted())
        wait_for(lambda: [each[1] for each in incidents()] == ["resolved"], 30, "its end")
