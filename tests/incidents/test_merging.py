"""Two incidents become one."""

import pytest

from incidents import lifecycle, merging
from incidents.states import Status
from tests.factories import a_user, an_incident, by

pytestmark = pytest.mark.django_db


def test_the_merged_incident_is_resolved_and_points_at_the_other() -> None:
    ada, one, other = a_user("ada"), an_incident("Lag"), an_incident("Slow queries")

    assert merging.merge(other.pk, into=one.pk, by=by(ada))
    assert merging.merge(other.pk, into=one.pk, by=by(ada)) is False

    other.refresh_from_db()
    one.refresh_from_db()
    assert (other.status, other.merged_into) == (Status.RESOLVED, one)
    assert one.status == Status.TRIGGERED
    assert other.timeline.get(kind="merged").text == f"Merged by ada on the web into #{one.pk}."
    assert one.timeline.get(kind="absorbed").text.endswith("Slow queries")
    assert other.timeline.get(kind="resolved").reason == "merged"


def test_what_is_resolved_already_can_be_merged_too() -> None:
    ada, one, other = a_user("ada"), an_incident(), an_incident()
    lifecycle.resolve(other.pk, by=by(ada))

    assert merging.merge(other.pk, into=one.pk, by=by(ada))

    other.refresh_from_db()
    assert other.merged_into == one


def test_merging_is_refused_where_it_would_lose_an_incident() -> None:
    ada, one, other, third = a_user("ada"), an_incident(), an_incident(), an_incident()
    merging.merge(other.pk, into=one.pk, by=by(ada))
    lifecycle.resolve(third.pk, by=by(ada))

    for incident, into, why in (
        (one, one, "into itself"),
        (one, other, "was itself merged"),
        (one, third, "is resolved"),
    ):
        with pytest.raises(merging.CannotMerge, match=why):
            merging.merge(incident.pk, into=into.pk, by=by(ada))


def test_reopening_a_merged_incident_parts_them_again() -> None:
    ada, one, other = a_user("ada"), an_incident(), an_incident()
    merging.merge(other.pk, into=one.pk, by=by(ada))

    lifecycle.reopen(other.pk, by=by(ada))

    other.refresh_from_db()
    assert (other.status, other.merged_into) == (Status.TRIGGERED, None)
