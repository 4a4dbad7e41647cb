"""From an incident to somebody's pocket, and on to the next person: real carriers, a moved clock, nothing patched."""

from notifications.models import Delivery
from tests.fakes import Carriers, TwilioError, receipts
from tests.world import MovedEngine, World, after


def test_second_step_pages_only_if_nobody_took_it(world: World, engine: MovedEngine, carriers: Carriers) -> None:
    ada, ben = world.person("ada", high=[("sms", 0)]), world.person("ben", high=[("sms", 0)])
    world.service("db").covered_by([ada, after(minutes=5), ben])

    incident = world.fire("db", title="Replica lag")
    engine.fast_forward(minutes=4)
    carriers.sms.to(ada).reply("1")
    engine.fast_forward(hours=1)

    incident.refresh_from_db()
    assert "Replica lag" in carriers.sms.to(ada).texts[0]
    assert carriers.sms.to(ben).texts == []
    assert (incident.acknowledged_by, incident.acknowledged_via) == (ada.user, "sms")


def test_where_nobody_answers_everybody_is_paged_in_turn(world: World, engine: MovedEngine, carriers: Carriers) -> None:
    ada = world.person("ada", high=[("slack", 0), ("sms", 60)])
    ben = world.person("ben", high=[("sms", 0)])
    carriers.sms.receipts(receipts.DELIVERED)
    world.service("db").covered_by([ada, after(minutes=5), ben])

    incident = world.fire("db", title="Replica lag")
    engine.fast_forward(seconds=50)
    after_fifty_seconds = (len(carriers.slack.to(ada).messages), len(carriers.sms.to(ada).pages))
    engine.fast_forward(minutes=4)
    after_nearly_five_minutes = (len(carriers.sms.to(ada).pages), len(carriers.sms.to(ben).pages))
    engine.fast_forward(minutes=6)

    assert after_fifty_seconds == (1, 0)
    assert after_nearly_five_minutes == (1, 0)
    assert len(carriers.sms.to(ben).pages) == 1
    assert world.kinds(incident)[-1] == "escalation_exhausted"


def test_acknowledging_takes_back_the_text_message_that_was_still_to_come(
    world: World, engine: MovedEngine, carriers: Carriers
) -> None:
    ada = world.person("ada", high=[("slack", 0), ("sms", 60)])
    world.service("db").covered_by([ada])
    incident = world.fire("db")
    engine.fast_forward(seconds=30)

    carriers.slack.to(ada).press("Acknowledge")
    engine.fast_forward(hours=1)

    assert carriers.sms.to(ada).texts == []
    sms = Delivery.objects.get(incident=incident, channel="sms")
    assert (sms.status, sms.reason) == ("cancelled", "incident_acknowledged")


def test_whose_number_is_dead_does_not_cost_the_wait(world: World, engine: MovedEngine, carriers: Carriers) -> None:
    ada, ben = world.person("ada", high=[("sms", 0)]), world.person("ben", high=[("sms", 0)])
    carriers.sms.fail(TwilioError(21610), to=ada, next=None)
    world.service("db").covered_by([ada, after(minutes=30), ben])

    incident = world.fire("db")
    engine.fast_forward(seconds=5)

    assert world.paged(incident) == ["ada", "ben"]
    assert len(carriers.sms.to(ben).pages) == 1
    assert "step_unreached" in world.kinds(incident)


def test_a_receipt_that_never_comes_wakes_the_next_person(
    world: World, engine: MovedEngine, carriers: Carriers
) -> None:
    ada, ben = world.person("ada", high=[("sms", 0)]), world.person("ben", high=[("email", 0)])
    carriers.sms.receipts(receipts.NEVER, to=ada)
    world.service("db").covered_by([ada, after(minutes=30), ben])

    incident = world.fire("db", title="Replica lag")
    engine.fast_forward(seconds=80)
    before = world.paged(incident)
    engine.fast_forward(seconds=30)

    assert before == ["ada"]
    assert world.paged(incident) == ["ada", "ben"]
    assert "Replica lag" in carriers.mail.to(ben).texts[0]


def test_resolving_by_text_message_ends_it(world: World, engine: MovedEngine, carriers: Carriers) -> None:
    ada, ben = world.person("ada", high=[("sms", 0)]), world.person("ben", high=[("sms", 0)])
    world.service("db").covered_by([ada, after(minutes=5), ben])
    incident = world.fire("db")
    engine.run()

    carriers.sms.to(ada).reply("2")
    engine.fast_forward(hours=1)

    incident.refresh_from_db()
    assert (incident.status, incident.resolved_by) == ("resolved", ada.user)
    assert carriers.sms.to(ben).texts == []
