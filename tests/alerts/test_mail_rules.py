"""What a mail is understood to tell of, from the words senders use and by rules of one's own."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.models import AlertStatus
from alerts.parsing import mail_rules
from alerts.parsing.mail_rules import Rules
from alerts.parsing.mails import Mail
from incidents.models import Severity

FIRING, RESOLVED = AlertStatus.FIRING, AlertStatus.RESOLVED


@pytest.mark.parametrize(
    ("problem", "recovery"),
    [
        ("Queue is long", "[RESOLVED] Queue is long"),
        ("[FIRING:1] Queue is long", "[RESOLVED] Queue is long"),
        ("[FIRING:2] DiskFull (db-1 critical)", "Re: [RESOLVED:2] DiskFull (db-1 critical)"),
        ("PROBLEM: Disk of db-1", "RESOLVED: Disk of db-1"),
        ("Problem: Disk of db-1", "Resolved: Disk of db-1"),
        ("** PROBLEM Service Alert: db01/Disk is CRITICAL **", "** RECOVERY Service Alert: db01/Disk is OK **"),
        ("[Down] Shop", "[Up] Shop"),
        ("Shop is DOWN", "Shop is UP"),
        ("DOWN alert: Shop is down", "UP alert: Shop is up"),
        ("db-1: Backup FAILED", "Fwd: AW: db-1: Backup OK"),
        ("CRITICAL - Load on web-3", "OK - Load on web-3"),
        ("Alert: CPU has triggered", "Alert: CPU has cleared"),
    ],
)
def test_problem_and_recovery_are_the_same_alert(problem: str, recovery: str) -> None:
    first, second = Mail(problem, "see above"), Mail(recovery, "see above")

    assert (mail_rules.status(Rules(), first), mail_rules.status(Rules(), second)) == (FIRING, RESOLVED)
    assert mail_rules.identity(Rules(), first) == mail_rules.identity(Rules(), second) != ""


@pytest.mark.parametrize("text", ["OK", "ok", " Resolved. \n", "recovered"])
def test_a_text_that_only_says_so_resolves(text: str) -> None:
    assert mail_rules.status(Rules(), Mail("Queue is long", text)) is RESOLVED


@pytest.mark.parametrize(
    "subject",
    ["Backup not OK", "OK button is broken", "Set up failed", "Look up of db-1 DOWN, UP again expected",
     "Warm up needed",
     "Is everything ok?", "", "Upgrade of db-1", "Okayama: disk full", "Closed circuit camera lost"],
)  # fmt: skip
def test_words_that_only_look_so_resolve_nothing(subject: str) -> None:
    assert mail_rules.status(Rules(), Mail(subject, "It is broken.")) is FIRING


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Disk of db-1 is full", "Disk of db-2 is full"),
        ("[FIRING:1] A", "[FIRING:1] B"),
        ("Backup", "Restore"),
        ("ok", "1"),
    ],
)
def test_other_subjects_are_other_alerts(one: str, other: str) -> None:
    assert mail_rules.identity(Rules(), Mail(one, "")) != mail_rules.identity(Rules(), Mail(other, ""))


@pytest.mark.parametrize(
    ("subject", "severity"),
    [("CRITICAL: disk", Severity.CRITICAL), ("Disk is WARNING", Severity.WARNING),
     ("[FIRING] ERROR in cron", Severity.ERROR),
     ("Disk warning", Severity.WARNING), ("High load", None), ("OK: disk", None), ("P1 incident", None)],
)  # fmt: skip
def test_a_severity_is_read_from_a_word_that_is_meant_so(subject: str, severity: Severity | None) -> None:
    assert mail_rules.severity(Rules(), Mail(subject, "")) == severity


def test_rules_of_ones_own_decide() -> None:
    mail = Mail("Report 812", "host=nas-1 volume=/srv\nstate=degraded, level 2")
    rules = mail_rules.rules_of(
        {
            "identity": r"host=(\S+) volume=(\S+)",
            "title": r"state=(\w+)",
            "resolved": "state=healthy",
            "ignore": "weekly",
            "severity": {"critical": "level 1", "warning": "level [23]"},
        }
    )

    assert mail_rules.identity(rules, mail) == "nas-1//srv"
    assert mail_rules.title(rules, mail) == "degraded"
    assert mail_rules.severity(rules, mail) is Severity.WARNING
    assert mail_rules.status(rules, mail) is FIRING
    assert mail_rules.status(rules, Mail("Report 813", "state=healthy")) is RESOLVED
    assert mail_rules.status(rules, Mail("[RESOLVED] x", "state=degraded")) is FIRING
    assert (mail_rules.is_ignored(rules, mail), mail_rules.is_ignored(rules, Mail("x", "weekly"))) == (False, True)


def test_where_a_rule_finds_nothing_the_words_decide() -> None:
    rules = Rules(identity="host=(.+)", title="never")

    assert mail_rules.identity(rules, Mail("PROBLEM: Disk", "")) == "disk"
    assert mail_rules.title(rules, Mail("PROBLEM: Disk", "")) == "PROBLEM: Disk"


@pytest.mark.parametrize(
    ("rules", "says"),
    [
        ([], "an object"),
        ({"subject": "x"}, "Unknown “subject”"),
        ({"identity": "("}, "not a regular expression"),
        ({"identity": r"(a)\1"}, "not a regular expression"),
        ({"identity": "((a{500}){500}){500}"}, "not a regular expression"),
        ({"identity": ""}, "at most 500"),
        ({"identity": "x" * 501}, "at most 500"),
        ({"identity": 7}, "at most 500"),
        ({"severity": {"terrible": "x"}}, "critical, error, warning, info"),
        ({"severity": {"critical": "("}}, "not a regular expression"),
        ({"severity": "x"}, "critical, error, warning, info"),
    ],
)
def test_rules_that_cannot_be_used_are_refused_with_what_is_wrong(rules: object, says: str) -> None:
    assert says in mail_rules.problem_with(rules)


@given(st.text(max_size=80), st.text(max_size=80))
def test_nothing_makes_it_fail(subject: str, text: str) -> None:
    mail = Mail(subject, text)

    assert isinstance(mail_rules.identity(Rules(), mail), str)
    assert mail_rules.status(Rules(), mail) in AlertStatus
    assert isinstance(mail_rules.title(Rules(), mail), str)
