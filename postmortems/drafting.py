"""Makes the draft of a postmortem from what is recorded about a resolved incident."""

from urllib.parse import urljoin

from django.conf import settings
from django.db import transaction

from accounts.access import require
from accounts.models import Role, User
from core.errors import DomainError
from incidents import timeline
from incidents.actor import Via, person
from incidents.models import Incident
from incidents.states import Status
from postmortems import document, facts, sections, standard
from postmortems.models import Postmortem, Template
from postmortems.wording import zone_named


class NotResolved(DomainError):
    """A postmortem looks back; this incident is not over."""

    code = "incident_not_resolved"


class WasMerged(DomainError):
    """What happened is told with the incident this one went into."""

    code = "incident_was_merged"


@transaction.atomic
def draft(incident_id: int, *, by: User, via: Via = Via.WEB, template: Template | None = None) -> Postmortem:
    """The incident's postmortem, drafted now if it has none. Times are shown in the drafter's zone, with UTC.

    Raises NotResolved, WasMerged, NotAllowed, Incident.DoesNotExist.
    """
    require(by, Role.RESPONDER)
    incident = (
        Incident.objects.select_for_update(no_key=True, of=("self",))
        .select_related("service__team")
        .get(pk=incident_id)
    )
    present = Postmortem.objects.filter(incident=incident).first()
    if present is not None:
        return present
    _require_over(incident)
    template = template or Template.objects.filter(is_default=True).first()
    outline = template.sections if template else standard.SECTIONS
    found = facts.gather(incident, zone=zone_named(by.time_zone), url=_address(incident))
    postmortem = Postmortem.objects.create(
        incident=incident,
        title=f"#{incident.number} {incident.title}"[: Postmortem.LONGEST_TITLE],
        body=document.body(sections.load(outline), found),
        owner=by,
        updated_by=by,
    )
    timeline.record(incident, kind="postmortem_drafted", by=person(by, via), postmortem_id=postmortem.pk)
    return postmortem


def _require_over(incident: Incident) -> None:
    if incident.merged_into_id:
        raise WasMerged(f"It was merged into #{incident.merged_into_id}: write the postmortem there.")
    if incident.status != Status.RESOLVED:
        raise NotResolved(f"Incident #{incident.number} is {incident.status}. Resolve it first, then look back.")


def _address(incident: Incident) -> str:
    return urljoin(f"{settings.PUBLIC_URL}/", incident.get_absolute_url().lstrip("/"))
