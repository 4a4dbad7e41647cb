"""A small language for flow tests: who there is, who covers what, what breaks; and an engine whose clock they move.

ada, ben = world.person("ada"), world.person("ben")
world.service("db").covered_by([ada, after(minutes=5), ben])

world.fire("db", title="Replica lag")
engine.fast_forward(minutes=4)
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from accounts.models import Membership, Role, Team, User
from catalog.models import Service
from core import clock, jobs
from core.engine import run_until_idle
from escalation import policies
from escalation.policies import StepDraft
from incidents import lifecycle
from incidents.actor import Via, person, source
from incidents.models import Incident, Severity, TimelineEntry, Urgency
from incidents.opening import Opening, open_incident
from notifications.models import ContactMethod, NotificationRule
from oncall.models import Schedule
from tests import factories

DEFAULT_WAIT = timedelta(minutes=5)


@dataclass(frozen=True)
class After:
    """The wait of the step that stands before it."""

    wait: timedelta


def after(*, seconds: float = 0, minutes: float = 0, hours: float = 0) -> After:
    """How long a step waits for an answer."""
    return After(timedelta(seconds=seconds, minutes=minutes, hours=hours))


@dataclass(frozen=True)
class Person:
    """Somebody in the world; the fake carriers find her address by themselves."""

    user: User
    addresses: dict[str, str]

    def address_for(self, channel: str) -> str:
        """Where she is reached on a channel."""
        return self.addresses[channel]


Target = Person | Schedule | Team | Sequence["Person | Schedule | Team"]


@dataclass(frozen=True)
class CoveredService:
    """A service, to be covered."""

    row: Service

    def covered_by(self, steps: Sequence[Target | After], *, repeat: int = 0) -> "CoveredService":
        """Targets in order, each followed by the wait of its step (five minutes where none is named)."""
        drafts: list[StepDraft] = []
        for each in steps:
            if isinstance(each, After):
                drafts[-1] = StepDraft(drafts[-1].targets, each.wait)
            else:
                drafts.append(StepDraft(_targets(each), DEFAULT_WAIT))
        version = policies.save_policy(name=self.row.name, team=self.row.team, repeat=repeat, steps=drafts)
        policies.cover(self.row, version.policy)
        return self


class World:
    """Everything there is, by name."""

    def __init__(self) -> None:
        self._people: dict[str, Person] = {}
        self._services: dict[str, CoveredService] = {}

    def person(
        self,
        name: str,
        *,
        role: Role = Role.RESPONDER,
        high: Sequence[tuple[str, float]] = (),
        low: Sequence[tuple[str, float]] = (),
        is_active: bool = True,
    ) -> Person:
        """Somebody with Slack, SMS and mail. `high` and `low` are her rules: (channel, seconds after being chosen).

        Without rules the account's e-mail is used.
        """
        if name in self._people:
            return self._people[name]
        user = factories.a_user(name, role=role, is_active=is_active)
        number = 101 + len(self._people)
        addresses = {"email": user.email, "sms": f"+12025550{number}", "slack": f"U0{name.upper()}"}
        methods = {
            channel: ContactMethod.objects.create(
                user=user, name=channel, channel=channel, address=address, verified_at=clock.now()
            )
            for channel, address in addresses.items()
        }
        for urgency, rules in ((Urgency.HIGH, high), (Urgency.LOW, low)):
            for position, (channel, seconds) in enumerate(rules):
                NotificationRule.objects.create(
                    user=user,
                    urgency=urgency,
                    position=position,
                    after=timedelta(seconds=seconds),
                    contact_method=methods[channel],
                )
        self._people[name] = Person(user, addresses)
        return self._people[name]

    def team(self, name: str, members: Sequence[Person] = ()) -> Team:
        """A team of these people; those named later join it."""
        team, _ = Team.objects.get_or_create(name=name)
        for each in members:
            Membership.objects.get_or_create(team=team, user=each.user)
        return team

    def schedule(self, name: str, people: Sequence[Person] = (), *, time_zone: str = "UTC") -> Schedule:
        """These people in weekly turns, since long ago; without any, nobody is on call."""
        return factories.a_schedule(name, people=[each.user for each in people], time_zone=time_zone)

    def service(self, name: str, *, team: Team | None = None) -> CoveredService:
        """The service of this name, of the team `platform` unless another is given."""
        if name not in self._services:
            row = factories.a_service(name, team=team or self.team("platform"))
            self._services[name] = CoveredService(row)
        return self._services[name]

    def fire(
        self,
        service: str,
        *,
        title: str = "Replica lag",
        urgency: Urgency = Urgency.HIGH,
        severity: Severity | None = Severity.CRITICAL,
        hold: timedelta = timedelta(),
    ) -> Incident:
        """Something breaks: an incident opens as a source opens it."""
        incident, _ = open_incident(
            Opening(
                service=self.service(service).row,
                title=title,
                urgency=urgency,
                severity=severity,
                origin="prometheus",
                hold=hold,
            ),
            by=source("prometheus"),
        )
        return incident

    def acknowledge(self, incident: Incident, who: Person, via: Via = Via.WEB) -> bool:
        """She has it."""
        return lifecycle.acknowledge(incident.pk, by=person(who.user, via))

    def resolve(self, incident: Incident, who: Person, via: Via = Via.WEB) -> bool:
        """It is over, says she."""
        return lifecycle.resolve(incident.pk, by=person(who.user, via))

    def paged(self, incident: Incident) -> list[str]:
        """Names of the people paged for an incident so far, in order, as its timeline tells."""
        entries = TimelineEntry.objects.filter(incident=incident, kind="person_paged").order_by("id")
        return [entry.details["user"] for entry in entries]

    def kinds(self, incident: Incident) -> list[str]:
        """What happened to an incident so far, in order, by kind."""
        return list(TimelineEntry.objects.filter(incident=incident).order_by("id").values_list("kind", flat=True))


@dataclass
class MovedEngine:
    """The engine in the test's own thread. Time moves only here, and stops wherever something is due."""

    at_each_stop: list[Callable[[], object]] = field(default_factory=list)
    on_move: list[Callable[[timedelta], object]] = field(default_factory=list)

    def run(self) -> None:
        """Do all that is due now."""
        while True:
            handled = run_until_idle()
            answers = [stop() for stop in self.at_each_stop]
            if not handled and not any(answers):
                return

    def fast_forward(self, *, seconds: float = 0, minutes: float = 0, hours: float = 0) -> None:
        """Let so much time pass, doing on the way what becomes due, when it becomes due."""
        until = clock.now() + timedelta(seconds=seconds, minutes=minutes, hours=hours)
        self.run()
        while (due := self._next_due()) is not None and due <= until:
            self._move_to(due)
            self.run()
        self._move_to(until)
        self.run()

    def leap(self, *, seconds: float = 0, minutes: float = 0, hours: float = 0) -> None:
        """Let so much time pass with the engine stopped, as in an outage; then do what is due."""
        self._move_to(clock.now() + timedelta(seconds=seconds, minutes=minutes, hours=hours))
        self.run()

    def _next_due(self) -> datetime | None:
        """The next moment ahead at which any lane has something to do."""
        now = clock.now()
        dues = {lane.name: lane.next_due() for lane in jobs.lanes()}
        late = [name for name, due in dues.items() if due is not None and due <= now]
        if late:
            # Due in the instants since the last run, or stuck: running again tells which.
            self.run()
            dues = {lane.name: lane.next_due() for lane in jobs.lanes()}
            stuck = [name for name in late if (due := dues[name]) is not None and due <= now]
            if stuck:
                raise RuntimeError(f"Something is due in {', '.join(stuck)}, but is not done.")
        return min((due for due in dues.values() if due is not None), default=None)

    def _move_to(self, moment: datetime) -> None:
        by = moment - clock.now()
        if by > timedelta():
            clock.move(by)
            for moved in self.on_move:
                moved(by)


def _targets(each: Target) -> list[User | Schedule | Team]:
    one_or_more = each if isinstance(each, Sequence) else [each]
    return [target.user if isinstance(target, Person) else target for target in one_or_more]
