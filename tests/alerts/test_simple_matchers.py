"""Label, operator and value become a condition that does what they say."""

import pytest

from alerts.decisions.routing import Facts, Router, RouteRule, check
from alerts.decisions.simple_matchers import Operator, both, condition

FACTS = Facts({"team": "db", "kubernetes.io/app": 'say "hi"'}, {}, "critical", "Disk full on db-1", "generic", "all")


def _holds(text: str) -> bool:
    assert check(text) == ""
    return Router([RouteRule(1, text, 1), RouteRule(2, "", 2)]).decide(FACTS).service_id == 1


@pytest.mark.parametrize(
    ("label", "operator", "value", "expected"),
    [
        ("team", Operator.IS, "db", True),
        ("labels.team", Operator.IS, "web", False),
        ("team", Operator.IS_NOT, "web", True),
        ("missing", Operator.IS, "", True),
        ("title", Operator.CONTAINS, "full", True),
        ("title", Operator.BEGINS, "Disk", True),
        ("title", Operator.ENDS, "db-2", False),
        ("title", Operator.MATCHES, r"db-\d+$", True),
        ("severity", Operator.IS, "critical", True),
        ("kubernetes.io/app", Operator.IS, 'say "hi"', True),
    ],
)
def test_a_matcher_does_what_it_says(label: str, operator: Operator, value: str, expected: bool) -> None:
    assert _holds(condition(label, operator, value)) is expected


def test_a_second_matcher_narrows_the_first() -> None:
    is_web = condition("team", Operator.IS, "web")
    is_db = condition("team", Operator.IS, "db")
    is_full = condition("title", Operator.CONTAINS, "full")

    assert both("", is_db) == is_db
    assert _holds(both(f"{is_web} || {is_db}", is_full))
    assert not _holds(both(f"{is_db} || {is_web}", condition("title", Operator.IS, "x")))
