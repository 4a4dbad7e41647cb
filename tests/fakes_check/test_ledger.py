"""The ledger and the plans of faults, apart from any provider."""

import pytest

from tests.fakes import Carriers, RateLimited, ServerError
from tests.fakes.faults import Fault, FaultPlan, Hang, Rule, SmtpReply, from_json
from tests.fakes.ledger import Ledger


def test_a_duplicate_is_the_same_reference_to_the_same_address() -> None:
    ledger = Ledger()
    for to, reference, accepted in [
        ("ada", "d1", True),
        ("ada", "d1", False),
        ("ben", "d1", True),
        ("ada", "d2", True),
    ]:
        ledger.record(provider="sms", call="c", kind="message", to=to, text="t", reference=reference, accepted=accepted)
    assert ledger.duplicates() == []

    ledger.record(provider="sms", call="c", kind="message", to="ada", text="t", reference="d1")

    assert [[entry.number for entry in group] for group in ledger.duplicates()] == [[1, 5]]
    assert [len(group) for group in ledger.duplicates(by=lambda entry: entry.text)] == [4]


def test_rules_apply_in_order_and_run_out() -> None:
    plan = FaultPlan()
    plan.add(Rule(RateLimited(), next=1, to="ada"))
    plan.add(Rule(ServerError(), next=None))
    plan.add(Rule(Hang(), next=None))

    taken = [plan.take("call", to) for to in ("ben", "ada", "ada")]
    plan.clear()

    assert taken == [ServerError(), RateLimited(), ServerError()]
    assert plan.take("call", "ada") is None


def test_a_share_fails_some_and_a_limited_time_ends() -> None:
    plan = FaultPlan()
    plan.add(Rule(ServerError(), next=None, share=0.5))
    failed = sum(plan.take("call", "ada") is not None for _ in range(400))
    plan.clear()
    plan.add(Rule(ServerError(), next=None, seconds=0))

    assert 150 < failed < 250
    assert plan.take("call", "ada") is None


@pytest.mark.parametrize("fault", [RateLimited(5), Hang(2.5, carried_out=True), SmtpReply(550, "no", stage="data")])
def test_a_fault_survives_the_journey_as_json(fault: Fault) -> None:
    assert from_json(fault.to_json()) == fault


def test_people_are_asked_for_their_address(carriers: Carriers) -> None:
    class Ada:
        def address_for(self, channel: str) -> str:
            return {"slack": "U0ADA", "sms": "+12025550101", "email": "ada@example.com", "voice": "+12025550101"}[
                channel
            ]

    addresses = [
        carriers.slack.to(Ada()).address,
        carriers.sms.to(Ada()).address,
        carriers.mail.to(Ada()).address,
        carriers.voice.to(Ada()).address,
    ]

    assert addresses == ["U0ADA", "+12025550101", "ada@example.com", "+12025550101"]
