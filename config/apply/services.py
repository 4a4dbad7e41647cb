"""Services, who owns them, and which policy answers for them."""

from dataclasses import dataclass

from accounts.models import Team
from catalog.models import Service, UrgencyRule
from config.apply.schema import optional
from config.apply.section import Given, Made, Plain, Section, said
from config.apply.values import one_of, reference, text, url, with_plain_breaks
from escalation.models import Coverage, Policy


@dataclass(frozen=True)
class ServiceForm:
    """A thing that is owned and can break."""

    name: str
    team: str = ""
    escalation_policy: str | None = None
    urgency: str = UrgencyRule.BY_SEVERITY.value
    description: str = ""
    runbook_url: str = ""

    def plain(self) -> dict[str, Plain]:
        """As in a file."""
        return said(
            name=str(self.name),
            team=str(self.team),
            escalation_policy=self.escalation_policy and str(self.escalation_policy),
            urgency=str(self.urgency),
            description=str(self.description),
            runbook_url=self.runbook_url,
        )


class Services(Section[ServiceForm]):
    """What can break."""

    key = "services"
    kind = "service"
    form = ServiceForm
    required_when_new = ("team",)
    fields = {
        "name": text(),
        "team": reference("team"),
        "escalation_policy": optional(reference("escalation policy")),
        "urgency": one_of(lambda: UrgencyRule.values),
        "description": text(longest=10_000, may_be_empty=True, may_break=True),
        "runbook_url": url(),
    }

    def current(self) -> dict[str, ServiceForm]:
        """Every service."""
        return {
            each.name: ServiceForm(
                name=each.name,
                team=each.team.name,
                escalation_policy=each.coverage.policy.name if hasattr(each, "coverage") else None,
                urgency=each.urgency,
                description=with_plain_breaks(each.description),
                runbook_url=each.runbook_url,
            )
            for each in Service.objects.select_related("team", "coverage__policy")
        }

    def write(self, form: ServiceForm, given: Given, made: Made) -> None:
        """The service, then its coverage."""
        service = Service.objects.filter(name=form.name).first() or Service(name=str(form.name))
        service.team, service.urgency = Team.objects.get(name=form.team), str(form.urgency)
        service.description, service.runbook_url = str(form.description), form.runbook_url
        service.save()
        if form.escalation_policy is None:
            Coverage.objects.filter(service=service).delete()
            return
        policy = Policy.objects.get(name=form.escalation_policy)
        Coverage.objects.update_or_create(service=service, defaults={"policy": policy})
