"""What a person's rules become when a step chooses her."""

from datetime import UTC, datetime, timedelta

import pytest

from notifications import rules
from notifications.rules import Method, Wish, plan

AT = datetime(2026, 3, 3, 2, 14, tzinfo=UTC)
SLACK = Method(1, "slack", "U0ADA")
MOBILE = Method(2, "sms", "+12025550101")
MAIL = Method(3, "email", "ada@example.com")
ALL = {"slack", "sms", "email"}


def after(seconds: int, method: Method, position: int = 0) -> Wish:
    return Wish(position, timedelta(seconds=seconds), method)


def outline(planned: list[rules.Planned]) -> list[tuple[str, int, str]]:
    return [
        (each.method.channel if each.method else "", int((each.due_at - AT).total_seconds()), each.refused)
        for each in planned
    ]


def planned(*wishes: Wish, configured: set[str] = ALL, account_email: str = "ada@example.com") -> list[rules.Planned]:
    return plan(wishes, chosen_at=AT, configured=configured, account_email=account_email)


def test_each_rule_counts_from_the_moment_the_step_chose_her() -> None:
    assert outline(planned(after(0, SLACK), after(60, MOBILE, 1), after(120, MAIL, 2))) == [
        ("slack", 0, ""),
        ("sms", 60, ""),
        ("email", 120, ""),
    ]


@pytest.mark.parametrize(
    ("unusable", "reason"),
    [
        (Method(1, "slack", "U0ADA", is_verified=False), "contact_not_verified"),
        (Method(1, "slack", "U0ADA", is_disabled=True), "contact_disabled"),
        (Method(1, "pager", "5"), "channel_not_configured"),
    ],
)
def test_a_rule_that_cannot_be_used_fails_with_its_reason_and_the_next_moves_up(unusable: Method, reason: str) -> None:
    found = planned(after(0, unusable), after(60, MOBILE, 1), after(120, MAIL, 2))

    assert outline(found) == [(unusable.channel, 0, reason), ("sms", 0, ""), ("email", 120, "")]


def test_the_moment_of_an_unusable_rule_goes_past_further_unusable_ones() -> None:
    found = planned(after(30, SLACK), after(60, MOBILE, 1), after(120, MAIL, 2), configured={"email"})

    assert [each[1] for each in outline(found)] == [30, 30, 30]
    assert found[-1].refused == ""


def test_rules_apply_in_order_of_time_whatever_their_position() -> None:
    assert [each[0] for each in outline(planned(after(60, MOBILE, 0), after(0, SLACK, 1)))] == ["slack", "sms"]


def test_without_rules_the_accounts_email_is_used() -> None:
    (found,) = planned()

    assert found.method == Method(None, "email", "ada@example.com")
    assert found.refused == ""


def test_without_rules_and_without_email_one_entry_says_so() -> None:
    (found,) = planned(account_email="")

    assert found.refused == "no_contact_method"


def test_without_a_mail_server_the_accounts_email_fails_at_once() -> None:
    (found,) = planned(configured={"slack"})

    assert found.refused == "channel_not_configured"


def test_the_idempotency_key_differs_where_any_part_differs() -> None:
    keys = {rules.idempotency_key(*parts) for parts in ((1, 11), (11, 1), (1, 1, 1), ("1", "1"), (1, 1))}

    assert len(keys) == 4
