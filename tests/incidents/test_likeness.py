"""Titles that look alike, and incidents that are suggested for merging by that."""

import pytest

from incidents import lifecycle, reading
from incidents.actor import system
from incidents.likeness import likeness, trigrams
from tests.factories import a_user, an_incident


@pytest.mark.parametrize(
    ("one", "other", "is_alike"),
    [
        ("Disk almost full on db-1", "Disk almost full on db-2", True),
        ("Replica lag is 4 s on db-1", "REPLICA LAG is 12 s on db-1", True),
        ("Disk almost full on db-1", "Certificate expires tomorrow", False),
        ("", "", False),
        ("!!!", "???", False),
    ],
)
def test_likeness_of_titles(one: str, other: str, is_alike: bool) -> None:
    assert (likeness(trigrams(one), trigrams(other)) >= reading.ALIKE_FROM) is is_alike


def test_the_same_title_is_wholly_alike() -> None:
    assert likeness(trigrams("Replica lag"), trigrams("replica  LAG!")) == 1


@pytest.mark.django_db
def test_open_incidents_that_look_alike_are_found_the_likest_first() -> None:
    incident = an_incident("Disk almost full on db-1")
    far = an_incident("Disk almost full on database-17")
    near = an_incident("Disk almost full on db-2")
    an_incident("Certificate expires tomorrow")
    over = an_incident("Disk almost full on db-3")
    lifecycle.resolve(over.pk, by=system("test"))

    found = reading.alike(a_user(), incident)

    assert found == [near, far]
