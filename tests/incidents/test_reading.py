"""What people find when they filter the list of incidents."""

import pytest

from core.errors import Invalid
from incidents import lifecycle, reading
from incidents.models import Urgency
from tests.factories import a_service, a_team, a_user, an_incident, by

pytestmark = pytest.mark.django_db


def test_each_filter_narrows_the_list() -> None:
    ada = a_user("ada")
    mine, others = a_team("platform", members=[ada]), a_team("web")
    lag = an_incident("Replica lag", service=a_service("db", team=mine))
    slow = an_incident("Slow pages", service=a_service("shop", team=others), urgency=Urgency.LOW)
    taken = an_incident("Disk full", service=slow.service)
    lifecycle.acknowledge(taken.pk, by=by(ada))
    gone = an_incident("Old", service=slow.service)
    lifecycle.resolve(gone.pk, by=by(ada))

    def found(**params: str) -> list[str]:
        return [incident.title for incident in reading.incidents(ada, reading.wanted(params))]

    assert found() == ["Old", "Disk full", "Slow pages", "Replica lag"]
    assert found(status="open") == ["Disk full", "Slow pages", "Replica lag"]
    assert found(status="acknowledged,resolved") == ["Old", "Disk full"]
    assert found(service="db") == ["Replica lag"]
    assert found(team="web", status="triggered") == ["Slow pages"]
    assert found(urgency="low") == ["Slow pages"]
    assert found(q="REPLICA") == ["Replica lag"]
    assert found(q=f"#{lag.number}") == ["Replica lag"]
    assert found(mine="1") == ["Disk full", "Replica lag"]


@pytest.mark.parametrize(("name", "known"), [("status", "triggered"), ("urgency", "high")])
def test_an_unknown_filter_value_is_refused_with_those_that_are_known(name: str, known: str) -> None:
    with pytest.raises(Invalid, match=known):
        reading.wanted({name: "sideways"})


def test_strange_searches_find_nothing_and_break_nothing() -> None:
    ada = a_user("ada")
    an_incident()

    for q in ("\0%", "9" * 30, "#", "'; drop table", "²"):
        list(reading.incidents(ada, reading.wanted({"q": q})))


def test_the_last_entry_is_shown_with_each_incident() -> None:
    ada, incident = a_user("ada"), an_incident()
    lifecycle.note(incident.pk, text="The disk is full.", by=by(ada))

    (shown,) = reading.incidents(ada, reading.Wanted()).with_last_entry()

    assert (shown.last_entry_text, shown.last_entry_kind) == ("The disk is full.", "note")
