"""Moments, decisions and escalations in words; and every name the product uses has some."""

from datetime import UTC, datetime, timedelta

import pytest

from accounts.models import User
from escalation import plan
from escalation.models import PagedPerson, PolicyVersion, Run, RunStatus, Step, Target
from notifications import rules, twilio_codes
from notifications.models import ContactMethod, NotificationRule
from oncall.models import Schedule
from tests import factories
from web import ladder, moments, why, wishes, words

NOW = datetime(2026, 11, 3, 3, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("ahead", "text"),
    [
        (timedelta(0), "just now"),
        (timedelta(seconds=-44), "just now"),
        (timedelta(seconds=20), "in a moment"),
        (timedelta(seconds=-46), "1 min ago"),
        (timedelta(minutes=-59), "59 min ago"),
        (timedelta(minutes=-61), "1 h ago"),
        (timedelta(hours=5), "in 5 h"),
        (timedelta(hours=-25), "1 day ago"),
        (timedelta(days=-12), "12 days ago"),
    ],
)
def test_a_moment_is_told_from_now(ahead: timedelta, text: str) -> None:
    assert moments.relative(NOW + ahead, now=NOW) == text


@pytest.mark.parametrize(
    ("length", "text"),
    [
        (timedelta(0), "0 s"),
        (timedelta(seconds=-3), "0 s"),
        (timedelta(seconds=90), "1 min 30 s"),
        (timedelta(minutes=5), "5 min"),
        (timedelta(hours=1, minutes=5, seconds=9), "1 h 5 min"),
        (timedelta(days=2, minutes=4), "2 days"),
        (timedelta(days=1, hours=3), "1 day 3 h"),
    ],
)
def test_a_length_has_its_two_largest_units(length: timedelta, text: str) -> None:
    assert moments.span(length) == text


def test_each_decision_about_an_alert_is_a_sentence() -> None:
    told = why.told(
        {
            "dedup": "repeat",
            "route": {
                "reason": "condition_matched",
                "position": 2,
                "condition": 'labels.team == "db"',
                "failures": [{"position": 1, "problem": "division by zero"}],
            },
            "group": {"reason": "labels_missing", "key": "k1"},
            "from a newer release": ["x"],
        }
    )

    assert told == [
        ("Same alert?", "The same alert again, counted."),
        ("Service", 'Route 2 matched: labels.team == "db". Route 1 could not be asked: division by zero.'),
        ("Group", "None of the labels to group by is there, so it is a group of its own: k1."),
        ("From a newer release", "['x']"),
    ]


@pytest.mark.parametrize(
    "name",
    [
        rules.NOT_VERIFIED,
        rules.DISABLED,
        rules.NOT_CONFIGURED,
        rules.NO_CONTACT_METHOD,
        *(twilio_codes.reason(code) for code in (20003, 20429, 21211, 21408, 21610, 21614, 30002, 30003, 30007)),
    ],
)
def test_every_reason_why_a_page_fails_has_a_sentence(name: str) -> None:
    assert words.REASONS[name].endswith((".", "anew."))


def test_a_reason_nobody_has_words_for_is_still_readable() -> None:
    assert words.reason("carrier_on_strike") == "Carrier on strike"


def a_policy_of_three() -> list[Step]:
    """Steps as the database gives them: a schedule, a person, and again the schedule."""
    steps = []
    for number, target in enumerate([Schedule(name="nights"), User(username="ben"), Schedule(name="nights")], start=1):
        step = Step(pk=number, number=number, wait=timedelta(minutes=5))
        field = {"schedule": target} if isinstance(target, Schedule) else {"user": target}
        step._prefetched_objects_cache = {"targets": [Target(**field)]}  # type: ignore[attr-defined]
        steps.append(step)
    return steps


def a_run(**fields: object) -> Run:
    """One under way."""
    return Run(**{"status": RunStatus.RUNNING, "due_at": NOW, "policy_version": PolicyVersion(repeat=2), **fields})


def states(run: Run, paged: list[PagedPerson]) -> list[tuple[str, str]]:
    """Each rung's target and state."""
    return [(rung.whom, rung.state) for rung in ladder.rungs(run, a_policy_of_three(), paged)]


def chosen(pass_number: int, step: int) -> PagedPerson:
    """Ada was paged by this step."""
    return PagedPerson(user=User(username="ada"), pass_number=pass_number, step_number=step, at=NOW)


def test_the_ladder_shows_what_was_what_is_next_and_what_may_come() -> None:
    run = a_run(pass_number=1, next_step=2)

    assert states(run, [chosen(1, 1)]) == [("nights", "done"), ("ben", "next"), ("nights", "later")]
    assert ladder.passes_left(run) == 2


def test_a_new_pass_begins_at_the_first_rung() -> None:
    run = a_run(pass_number=2, next_step=1)

    assert states(run, [chosen(1, 1), chosen(1, 2)]) == [("nights", "next"), ("ben", "later"), ("nights", "later")]


def test_after_the_last_step_of_the_last_pass_it_says_that_it_gives_up() -> None:
    run = a_run(pass_number=3, next_step=4)

    assert states(run, [])[-1] == ("give up, if nobody answers", "next")


def test_the_fallback_is_a_rung_of_its_own() -> None:
    run = a_run(pass_number=plan.FALLBACK_PASS, next_step=2)

    assert states(run, [chosen(0, 1)])[-2:] == [("the team's managers", "done"), ("all admins", "next")]


def test_what_happens_when_she_is_paged_is_told_in_order_with_doubts(db: None) -> None:
    ada = factories.a_user("ada")
    phone = ContactMethod(user=ada, channel="sms", address="+12025550101", verified_at=NOW)
    mail = ContactMethod(user=ada, channel="email", address="ada@example.com")
    high = [
        NotificationRule(position=1, after=timedelta(minutes=2), contact_method=mail),
        NotificationRule(position=0, after=timedelta(), contact_method=phone),
    ]

    told = [(each.moment, each.way, each.doubt) for each in wishes.told(ada, high)]

    assert told == [
        ("at once", "SMS to +1***0101", ""),
        ("after 2 min", "E-mail to a***@example.com", "Not verified: it is skipped."),
    ]


def test_without_rules_the_accounts_address_is_named_and_without_one_the_danger(db: None) -> None:
    assert "the address of your account" in wishes.told(User(email="ada@example.com"), [])[0].way
    assert wishes.told(User(), [])[0].doubt == "There is no rule and no e-mail address: you cannot be reached."


def test_alerts_of_the_same_title_are_told_apart_by_what_differs() -> None:
    labels = {"alertname": "NodeDown", "instance": "node-1", "zone": "a"}

    assert words.apart(labels, [{**labels, "instance": "node-2"}, labels]) == "node-1"
    assert words.apart(labels, [labels]) == ""
