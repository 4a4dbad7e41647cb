"""What people read, word for word: somebody was asleep a moment ago."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from incidents.states import Status
from notifications import email_message, messages, slack_message, texting
from notifications.messages import Facts, Message
from notifications.replies import Verb
from notifications.texting import Said, Word
from tests.fakes.twilio_texts import segments

AT = datetime(2026, 3, 3, 1, 14, tzinfo=UTC)
FACTS = Facts(
    incident_id=12,
    number=12,
    title="Replica lag is over 30 s",
    service="checkout",
    severity="critical",
    urgency="high",
    status=Status.TRIGGERED,
    since=AT,
    opened_at=AT,
    description="db-2 is 41 s behind db-1.",
    alert_count=3,
    url="https://tocsin.example/incidents/12/",
    version=1,
)
PAGE = Message("ada", "Europe/Berlin", facts=FACTS, act_url="https://tocsin.example/e/abc/")


def test_a_text_message_says_what_and_how_to_answer() -> None:
    assert messages.sms(PAGE) == (
        "[Tocsin] #12 checkout: Replica lag is over 30 s. Reply 1 to acknowledge, 2 to resolve."
    )


def test_with_others_waiting_it_says_the_number() -> None:
    assert messages.sms(replace(PAGE, others_wait=True)).endswith("Reply 1 12 to acknowledge, 2 12 to resolve.")


@pytest.mark.parametrize("title", ["x" * 900, "Disk 90 % full on “db–2”… \u00a0now", "a\nb\tc", "\x07 bell"])
def test_a_text_message_fits_two_segments(title: str) -> None:
    text = messages.sms(replace(PAGE, facts=replace(FACTS, title=title, service="y" * 100)))

    assert segments(text) <= 2
    assert "Reply 1 to acknowledge" in text
    assert all(char.isprintable() for char in text)


def test_a_mails_subject_says_it_all() -> None:
    assert email_message.subject(PAGE) == "HIGH #12 Replica lag is over 30 s (checkout)"


def test_a_subject_stays_one_line() -> None:
    facts = replace(FACTS, title="Lag\r\nBcc: everybody@example.com")

    assert "\n" not in email_message.subject(replace(PAGE, facts=facts))


def test_a_mail_reads_well_as_plain_text() -> None:
    assert email_message.text(PAGE) == (
        "ada, you are being paged.\n"
        "\n"
        "Replica lag is over 30 s\n"
        "\n"
        "Service:  checkout\n"
        "Urgency:  high\n"
        "Severity: critical\n"
        "Alerts:   3\n"
        "Opened:   Tue 3 Mar, 02:14 CET\n"
        "Now:      Nobody has it yet, since 02:14 CET\n"
        "\n"
        "db-2 is 41 s behind db-1.\n"
        "\n"
        "Acknowledge or resolve (works without signing in, for 24 hours, only for you):\n"
        "https://tocsin.example/e/abc/\n"
        "\n"
        "Open incident #12:\n"
        "https://tocsin.example/incidents/12/\n"
    )


def test_a_mail_escapes_what_came_from_outside() -> None:
    html = email_message.html(replace(PAGE, facts=replace(FACTS, title="<script>alert(1)</script>")))

    assert "<script>" not in html
    assert "&lt;script&gt;" in html


def test_a_slack_message_says_it_all_on_a_lock_screen() -> None:
    assert slack_message.text(PAGE) == "HIGH #12 Replica lag is over 30 s (checkout)"


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        (
            replace(FACTS, status=Status.ACKNOWLEDGED, who="ben", by_way_of="sms"),
            "#12 Replica lag is over 30 s (checkout): Acknowledged by ben via SMS, 02:14 CET",
        ),
        (replace(FACTS, status=Status.RESOLVED), "#12 Replica lag is over 30 s (checkout): Resolved, 02:14 CET"),
        (replace(FACTS, status=Status.SNOOZED), "#12 Replica lag is over 30 s (checkout): Snoozed, 02:14 CET"),
    ],
)
def test_a_changed_slack_message_says_who_has_it(facts: Facts, expected: str) -> None:
    assert slack_message.text(replace(PAGE, facts=facts)) == expected


@pytest.mark.parametrize(
    ("status", "labels"),
    [
        (Status.TRIGGERED, ["Acknowledge", "Resolve", "Open"]),
        (Status.SNOOZED, ["Acknowledge", "Resolve", "Open"]),
        (Status.ACKNOWLEDGED, ["Resolve", "Open"]),
        (Status.RESOLVED, ["Open"]),
    ],
)
def test_buttons_are_those_that_make_sense(status: Status, labels: list[str]) -> None:
    blocks = slack_message.blocks(replace(PAGE, facts=replace(FACTS, status=status)))

    assert [button["text"]["text"] for button in blocks[-1]["elements"]] == labels


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("1", Said(Verb.ACKNOWLEDGE)),
        (" 1 ", Said(Verb.ACKNOWLEDGE)),
        ("1.", Said(Verb.ACKNOWLEDGE)),
        ("1 12", Said(Verb.ACKNOWLEDGE, 12)),
        ("1 #12", Said(Verb.ACKNOWLEDGE, 12)),
        ("1#12", Said(Verb.ACKNOWLEDGE, 12)),
        ("ACK", Said(Verb.ACKNOWLEDGE)),
        ("Ack 12!", Said(Verb.ACKNOWLEDGE, 12)),
        ("acknowledge incident 12", Said(Verb.ACKNOWLEDGE, 12)),
        ("2", Said(Verb.RESOLVE)),
        ("2 12", Said(Verb.RESOLVE, 12)),
        ("resolve #12", Said(Verb.RESOLVE, 12)),
        ("help", Said(word=Word.HELP)),
        ("", Said(word=Word.HELP)),
        ("STOP", Said(word=Word.STOP)),
        ("Unsubscribe", Said(word=Word.STOP)),
        ("start", Said(word=Word.START)),
        ("list", Said(word=Word.LIST)),
        ("12", Said()),
        ("112", Said()),
        ("21", Said()),
        ("3", Said()),
        ("12 1", Said()),
        ("stop 12", Said()),
        ("I am on it", Said()),
        ("1" * 300, Said()),
    ],
)
def test_answers_in_words_are_understood_or_not_guessed_at(text: str, said: Said) -> None:
    assert texting.read(text) == said
