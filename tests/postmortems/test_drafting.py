"""A draft says what the records know."""

import pytest

from accounts.models import Role, User
from alerts.models import Alert
from core.errors import NotAllowed
from incidents import lifecycle, merging
from incidents.actor import Via
from incidents.models import Incident
from postmortems import drafting
from postmortems.models import Postmortem, Template
from postmortems.states import Status
from tests.factories import a_service, a_user, an_incident, by


def test_a_draft_has_the_sections_of_the_default_template(postmortem: Postmortem) -> None:
    headings = [line[3:] for line in postmortem.body.splitlines() if line.startswith("## ")]

    assert headings == [
        "Overview",
        "What happened",
        "Contributing factors",
        "Resolution",
        "Impact",
        "Responders",
        "Timeline",
        "What went well, and what did not",
        "Action items",
    ]
    assert postmortem.status == Status.DRAFT


def test_a_draft_tells_the_durations_in_the_drafters_time_zone(postmortem: Postmortem) -> None:
    facts = [line for line in postmortem.body.splitlines() if line.startswith("- **")]

    acknowledged = next(line for line in facts if line.startswith("- **Acknowledged"))
    resolved = next(line for line in facts if line.startswith("- **Resolved"))
    assert acknowledged.endswith("by ada by SMS, after 1 min 5 s")
    assert resolved.endswith("by ada on the web, after 42 min")
    assert "CE" in resolved
    assert "UTC)" in resolved
    assert "- **Service:** checkout (team platform)" in facts


def test_a_draft_tells_who_was_paged_how_and_with_what_outcome(postmortem: Postmortem) -> None:
    assert "| ada | SMS | sent after 2 s |" in postmortem.body
    assert "| ben | SMS | failed (channel not configured) |" in postmortem.body
    assert "- ada: acknowledged, wrote notes, resolved" in postmortem.body
    assert "- ben: paged, did not act" in postmortem.body


def test_a_draft_holds_the_timeline_and_the_alerts_as_tables(postmortem: Postmortem) -> None:
    assert "| Opened by prometheus. |" in postmortem.body
    assert r"| ada: Replica of \*db-1\* restarted |" in postmortem.body
    assert "| ReplicaLag on db-1 | critical | 7 | still firing |" in postmortem.body


def test_an_incident_has_one_postmortem(incident: Incident, ada: User, ben: User) -> None:
    first = drafting.draft(incident.pk, by=ada)
    second = drafting.draft(incident.pk, by=ben)

    assert second == first
    assert second.owner == ada


def test_drafting_is_written_in_the_incidents_timeline(incident: Incident, ada: User) -> None:
    drafting.draft(incident.pk, by=ada, via=Via.API)

    entry = incident.timeline.latest("id")
    assert (entry.kind, entry.actor_name, entry.via) == ("postmortem_drafted", "ada", "api")


def test_an_open_incident_gets_no_postmortem(ada: User) -> None:
    incident = an_incident()

    with pytest.raises(drafting.NotResolved, match="Resolve it first"):
        drafting.draft(incident.pk, by=ada)


def test_a_merged_incident_is_told_with_the_one_it_went_into(ada: User) -> None:
    service = a_service()
    one, other = an_incident(service=service), an_incident(service=service)
    merging.merge(one.pk, into=other.pk, by=by(ada))
    lifecycle.resolve(other.pk, by=by(ada))

    with pytest.raises(drafting.WasMerged, match=f"#{other.pk}"):
        drafting.draft(one.pk, by=ada)


def test_a_viewer_does_not_draft(incident: Incident) -> None:
    with pytest.raises(NotAllowed):
        drafting.draft(incident.pk, by=a_user(role=Role.VIEWER))


def test_a_template_of_ones_own_is_used(incident: Incident, ada: User) -> None:
    template = Template.objects.create(name="Short", sections=[{"heading": "Why", "guidance": "", "facts": []}])

    postmortem = drafting.draft(incident.pk, by=ada, template=template)

    assert postmortem.body == "## Why\n\n\n"


def test_without_any_template_the_standard_one_is_used(incident: Incident, ada: User) -> None:
    Template.objects.all().delete()

    assert "## Contributing factors" in drafting.draft(incident.pk, by=ada).body


def test_an_alert_that_moved_on_is_told_with_where_it_went(incident: Incident, ada: User) -> None:
    other = an_incident("Lag, worse")
    Alert.objects.filter(incident=incident).update(incident=other, also_in=[incident.pk])

    body = drafting.draft(incident.pk, by=ada).body

    assert f"(moved on to #{other.pk})" in body
    assert "opened by hand" not in body
