"""Conditions: what they may ask, what a missing label is, what is refused when they are saved."""

import time

import pytest

from alerts.decisions.routing import Facts, Router, RouteRule, check


def _facts(severity: str = "critical", title: str = "Disk full", **labels: str) -> Facts:
    return Facts(labels, {"summary": "s"}, severity, title, "generic", "night check")


def _matches(condition: str, facts: Facts) -> bool:
    decision = Router([RouteRule(1, condition, 10), RouteRule(2, "", 20)]).decide(facts)
    return decision.service_id == 10


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ('labels.service == "shop"', True),
        ('labels["service"] == "shop"', True),
        ('labels.nope == ""', True),
        ('labels["nope"] != ""', False),
        ("labels['with-dash'] == \"\"", True),
        ('labels.nope == "" && annotations.nope == ""', True),
        ("has(labels.service)", True),
        ("has(labels.nope)", False),
        ('"service" in labels', True),
        ('"nope" in labels', False),
        ('labels.exists(name, name.startsWith("serv"))', True),
        ('labels.service.matches("^sh")', True),
        ('labels.service in ["shop", "till"]', True),
        ('severity == "critical" || title.contains("x")', True),
        ('source == "generic" && integration == "night check"', True),
        ('title.startsWith("Disk")', True),
        ('labels.service == "labels.nope"', False),
        ("int(labels.port) > 80", True),
        ("int(labels.nope) > 80", False),
        ("labels.service", False),
        ("1 / 0 == 1", False),
    ],
)
def test_conditions(condition: str, expected: bool) -> None:
    assert _matches(condition, _facts(service="shop", port="443")) is expected


def test_a_failure_is_told_with_the_decision_and_the_next_route_asked() -> None:
    rules = [RouteRule(1, "int(labels.n) > 1", 10), RouteRule(2, 'severity == "critical"', 20), RouteRule(3, "", 30)]

    decision = Router(rules).decide(_facts(n="many"))

    assert (decision.service_id, decision.reason, decision.position) == (20, "condition_matched", 2)
    assert decision.failures[0][0] == 1


def test_routes_without_a_default_fall_to_the_last() -> None:
    decision = Router([RouteRule(1, "false", 10), RouteRule(2, "false", 20)]).decide(_facts())

    assert (decision.service_id, decision.reason) == (20, "no_route_matched")


def test_what_was_decided_for_one_alert_does_not_hold_for_another() -> None:
    router = Router([RouteRule(1, 'labels.a == "1" && title == "x"', 10), RouteRule(2, "", 20)])

    decided = [router.decide(_facts(title=title, a=a)).service_id for a in "12" for title in "xy"]

    assert decided == [10, 20, 20, 20]


def test_a_condition_of_an_older_release_that_no_longer_compiles_is_passed_over() -> None:
    decision = Router([RouteRule(1, "labels.a ==", 10), RouteRule(2, "", 20)]).decide(_facts())

    assert (decision.service_id, decision.failures[0][0]) == (20, 1)


@pytest.mark.parametrize(
    "condition",
    [
        "",
        "true",
        'labels.a == "b"',
        "int(labels.a) > 3",
        'labels.exists(l, l == "a")',
        "size(labels) > 2",
    ],
)
def test_sound_conditions_may_be_saved(condition: str) -> None:
    assert check(condition) == ""


@pytest.mark.parametrize(
    ("condition", "says"),
    [
        ("labels.a ==", "not valid CEL"),
        ('label.a == "b"', "asks for label"),
        ("labels.a", "true or false"),
        ("labels.all(a, labels.all(b, a == b))", "nests"),
        ("labels.a == '" + "x" * 1000 + "'", "longer than 1000"),
        ('nope(labels.a) == "b"', "not valid CEL"),
    ],
)
def test_what_would_never_work_is_refused_when_it_is_saved(condition: str, says: str) -> None:
    assert says in check(condition)


def test_two_hundred_routes_cost_little_for_alerts_that_look_alike() -> None:
    rules = [RouteRule(place, f'labels.service == "s{place}" && severity == "critical"', place) for place in range(200)]
    router = Router([*rules, RouteRule(200, "", 999)])
    facts = [_facts(service=f"s{number % 50 + 140}", instance=str(number)) for number in range(20_000)]

    started = time.process_time()
    decided = [router.decide(each).service_id for each in facts]

    assert decided[:2] == [140, 141]
    assert (time.process_time() - started) / len(facts) < 50e-6
