"""A believable installation to look at: a shop's platform in the small hours. see `fill`.

Incidents are opened, paged, escalated and answered by the product's own verbs, with the clock moved back and then
forward to now, and the fake carriers take the pages; only what arrives (alerts, receipts) is written down directly.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from hashlib import sha256

from django.db import transaction

from accounts.models import Membership, Role, Team, User
from alerts.models import Alert, AlertStatus, Integration
from alerts.muting import silences, windows
from alerts.muting.silences import SilenceWish
from alerts.muting.windows import WindowWish
from catalog.models import Service
from core import clock
from escalation import policies
from escalation.policies import StepDraft
from incidents import lifecycle
from incidents.actor import Via, person, source
from incidents.models import Incident, Severity, Urgency
from incidents.opening import Opening, open_incident
from incidents.urgency import urgency_for
from notifications import receipts
from notifications.models import ContactMethod, Delivery, NotificationRule
from notifications.states import Status
from oncall.models import Override, Rotation, RotationMember, Schedule
from tests.ui import demo_receiving
from tests.ui.conftest import PASSWORD
from tests.world import MovedEngine

_PEOPLE = {
    "ada": ("Ada Okafor", Role.ADMIN, "Europe/Berlin"),
    "ben": ("Ben Lindqvist", Role.MANAGER, "Europe/Berlin"),
    "carla": ("Carla Méndez", Role.RESPONDER, "America/New_York"),
    "dev": ("Dev Raman", Role.RESPONDER, "Asia/Kolkata"),
    "emi": ("Emi Tanaka", Role.RESPONDER, "Asia/Tokyo"),
    "farid": ("Farid Haddad", Role.VIEWER, "Europe/Paris"),
}
_TEAMS = {"platform": ["ada", "ben", "dev"], "payments": ["ben", "carla"], "search": ["dev", "emi"]}
_SERVICES = {
    "checkout": ("payments", "https://runbooks.example.com/checkout"),
    "payments-api": ("payments", "https://runbooks.example.com/payments-api"),
    "orders-db": ("platform", "https://runbooks.example.com/orders-db"),
    "edge-proxy": ("platform", ""),
    "search-index": ("search", ""),
    "mail-relay": ("platform", ""),
}


@dataclass
class Demo:
    """What was made, by name."""

    users: dict[str, User] = field(default_factory=dict)
    teams: dict[str, Team] = field(default_factory=dict)
    services: dict[str, Service] = field(default_factory=dict)
    integrations: dict[str, Integration] = field(default_factory=dict)
    engine: MovedEngine = field(default_factory=MovedEngine)

    def fill(self) -> None:
        """Everything, ending now."""
        self._people()
        self.engine.at_each_stop.append(self._confirm_texts)
        self._cover()
        demo_receiving.checks(self.services["mail-relay"], self.engine, self.users["ben"])
        self._history()
        self._tonight()
        self._muted()

    # ---------- what is muted ----------

    def _muted(self) -> None:
        now = clock.now()
        known = SilenceWish(
            ['alertname="DiskAlmostFull"', 'instance=~"search-.*"'],
            now + timedelta(hours=9),
            "Larger disks come on Monday",
            service=self.services["search-index"],
        )
        silences.create(known, owner="emi")
        noisy = SilenceWish(
            ['team="mail"', 'severity!="critical"'], now + timedelta(hours=2), "Greylisted again, known since last week"
        )
        silences.create(noisy, owner="ada")
        local = (now - timedelta(minutes=35)).replace(tzinfo=None, second=0)
        database, search = self.services["orders-db"], self.services["search-index"]
        update = WindowWish("Database update", local, timedelta(hours=2), "UTC", services=[database])
        windows.create(replace(update, comment="Minor version, one replica after the other"), owner="ben")
        night = datetime.combine(local.date(), time(22))
        nights = WindowWish(
            "Index rebuild", night, timedelta(hours=6), "Asia/Tokyo", "FREQ=WEEKLY;BYDAY=SA", services=[search]
        )
        windows.create(nights, owner="dev")

    # ---------- who there is ----------

    def _people(self) -> None:
        for number, (name, (full_name, role, zone)) in enumerate(_PEOPLE.items()):
            user = User.objects.create_user(
                name, PASSWORD, email=f"{name}@shop.example", full_name=full_name, role=role, time_zone=zone
            )
            self.users[name] = user
            if role != Role.VIEWER:
                self._ways(user, number)
        for name, members in _TEAMS.items():
            self.teams[name] = Team.objects.create(name=name)
            Membership.objects.bulk_create(
                Membership(team=self.teams[name], user=self.users[member]) for member in members
            )

    def _ways(self, user: User, number: int) -> None:
        wishes = {"slack": f"U0{user.username.upper()}", "sms": f"+1202555010{number}", "email": user.email}
        methods = {
            channel: ContactMethod.objects.create(
                user=user,
                name={"slack": "Slack", "sms": "mobile", "email": "mail"}[channel],
                channel=channel,
                address=address,
                verified_at=clock.now(),
            )
            for channel, address in wishes.items()
        }
        for position, (channel, seconds) in enumerate([("slack", 0), ("sms", 60), ("email", 240)]):
            NotificationRule.objects.create(
                user=user,
                urgency=Urgency.HIGH,
                position=position,
                after=timedelta(seconds=seconds),
                contact_method=methods[channel],
            )
        NotificationRule.objects.create(
            user=user, urgency=Urgency.LOW, position=0, after=timedelta(), contact_method=methods["email"]
        )

    def _cover(self) -> None:
        ladders = {}
        for team, people in {
            "platform": ["dev", "ada", "ben"],
            "payments": ["carla", "ben"],
            "search": ["emi"],
        }.items():
            primary = self._schedule(f"{team} primary", team, people)
            second = self._schedule(f"{team} secondary", team, [*people[1:], people[0]])
            ladders[team] = policies.save_policy(
                name=f"{team} on call",
                team=self.teams[team],
                repeat=2,
                steps=[
                    StepDraft([primary], timedelta(minutes=5)),
                    StepDraft([second], timedelta(minutes=10)),
                    StepDraft([self.teams[team]], timedelta(minutes=15)),
                ],
            )
        for name, (team, runbook) in _SERVICES.items():
            self.services[name] = Service.objects.create(name=name, team=self.teams[team], runbook_url=runbook)
            policies.cover(self.services[name], ladders[team].policy)
        for name, slug in {"prometheus": "alertmanager", "grafana": "grafana_alerting", "uptime": "generic"}.items():
            digest = sha256(name.encode()).digest()
            self.integrations[name] = Integration.objects.create(name=name, source=slug, key_hash=digest)

    def _schedule(self, name: str, team: str, people: Sequence[str]) -> Schedule:
        schedule = Schedule.objects.create(name=name, team=self.teams[team], time_zone="Europe/Berlin")
        weekly = Rotation.objects.create(
            schedule=schedule, name="weekly", start_date=date(2025, 1, 6), handoff_time=time(9)
        )
        RotationMember.objects.bulk_create(
            RotationMember(rotation=weekly, position=place, user=self.users[each]) for place, each in enumerate(people)
        )
        if name == "payments primary":
            now = clock.now()
            Override.objects.create(
                schedule=schedule,
                person=self.users["dev"],
                start_at=now - timedelta(hours=20),
                end_at=now + timedelta(hours=7),
            )
        return schedule

    # ---------- what happened ----------

    def _history(self) -> None:
        """Quiet days: things that fired and were resolved."""
        past = [
            (52, "orders-db", "Connections near the limit on orders-db-1", Severity.ERROR, "ben", 18),
            (47, "mail-relay", "Queue of 14 000 deferred mails", Severity.WARNING, "dev", 64),
            (31, "checkout", "Card form answers slowly in eu-west", Severity.CRITICAL, "carla", 22),
            (28, "search-index", "Reindex has not finished for 3 hours", Severity.WARNING, "emi", 95),
            (11, "edge-proxy", "Certificate of static.shop.example ends in 6 days", Severity.INFO, "dev", 240),
        ]
        for hours, service, title, severity, who, minutes in past:
            self._back(hours=hours)
            incident = self._fire(service, title, severity, self._labels(service))
            self.engine.fast_forward(minutes=2)
            lifecycle.acknowledge(incident.pk, by=person(self.users[who], Via.SLACK))
            self.engine.fast_forward(minutes=minutes)
            self._quiet(incident)
            lifecycle.resolve(incident.pk, by=source("prometheus"), reason="all_alerts_resolved")
            self.engine.run()

    def _tonight(self) -> None:
        """What is open now."""
        self._back(minutes=176)
        lag = self._fire("search-index", "Search results are 40 minutes old", Severity.WARNING, self._labels("search"))
        self._back(minutes=131)
        disk = self._fire("orders-db", "Disk of orders-db-2 fills within 4 hours", Severity.ERROR, self._labels("db"))
        self.engine.fast_forward(minutes=4)
        lifecycle.acknowledge(disk.pk, by=person(self.users["dev"], Via.SMS))
        lifecycle.note(
            disk.pk,
            text="Autovacuum was blocked by a forgotten migration session. Ended it; free space grows again.\n"
            "Watching until the 4-hour line flattens, then I resolve.",
            by=person(self.users["dev"], Via.WEB),
        )
        lifecycle.snooze(lag.pk, until=clock.now() + timedelta(hours=6), by=person(self.users["emi"], Via.WEB))
        self._back(minutes=52)
        self._fire("mail-relay", "Greylisted by two large providers", Severity.WARNING, self._labels("mail"))
        self._back(minutes=38)
        edge = self._fire(
            "edge-proxy", "5xx share above 2 % at the edge", Severity.ERROR, self._labels("edge"), count=3
        )
        self.engine.fast_forward(minutes=1)
        lifecycle.acknowledge(edge.pk, by=person(self.users["ada"], Via.SLACK))
        self._back(minutes=9)
        self._fire(
            "payments-api",
            "Card payments fail: 38 % of authorisations time out",
            Severity.CRITICAL,
            {
                "alertname": "AuthorisationTimeouts",
                "service": "payments-api",
                "region": "eu-west",
                "severity": "critical",
            },
            count=4,
        )
        self.engine.fast_forward(minutes=6)
        self._back(minutes=2)
        self._fire("checkout", "Checkout answers in more than 4 s (p95)", Severity.CRITICAL, self._labels("checkout"))
        self.engine.fast_forward(seconds=70)
        self._back()
        demo_receiving.unreadable(self.integrations["uptime"])

    def _back(self, *, hours: float = 0, minutes: float = 0) -> None:
        """Put the clock this long before the real now."""
        clock.unmove()
        clock.move(-timedelta(hours=hours, minutes=minutes))

    def _labels(self, name: str) -> dict[str, str]:
        return {"alertname": name.title().replace("-", ""), "cluster": "prod-1", "region": "eu-west"}

    def _fire(
        self, service: str, title: str, severity: Severity, labels: dict[str, str], *, count: int = 1
    ) -> Incident:
        row = self.services[service]
        incident, _ = open_incident(
            Opening(
                service=row,
                title=title,
                urgency=urgency_for(row.urgency, severity),
                severity=severity,
                origin="prometheus",
                group_key=f"alertname={labels['alertname']}, service={service}",
                open_key=sha256(f"{service} {title}".encode()).hexdigest(),
            ),
            by=source("prometheus"),
        )
        for number in range(count):
            self._alert(incident, title, severity, labels, number)
        lifecycle.set_alert_counts(incident, alert_count=count, firing_count=count, severity=severity)
        self.engine.run()
        return incident

    def _alert(self, incident: Incident, title: str, severity: Severity, labels: dict[str, str], number: int) -> None:
        pod = f"{incident.service.name}-{'7f9c6d5b48'[number:]}"
        identity = f"{incident.pk} {number}"
        Alert.objects.create(
            integration=self.integrations["prometheus"],
            fingerprint=sha256(identity.encode()).hexdigest(),
            dedup_key=identity,
            severity=severity,
            title=f"{labels['alertname']} on {pod}",
            labels={**labels, "pod": pod},
            annotations={
                "summary": f"{title}. Started without a deploy; the last one was nine hours ago.",
                "runbook_url": incident.service.runbook_url or "https://runbooks.example.com/",
            },
            links=[{"text": "Open in Prometheus", "href": "https://prometheus.shop.example/graph?g0.expr=up"}],
            count=6 - number,
            first_seen_at=clock.now(),
            last_seen_at=clock.now(),
            started_at=clock.now(),
            service=incident.service,
            incident=incident,
            group_key=incident.group_key,
            reasons={
                "dedup": "repeat",
                "route": {
                    "reason": "condition_matched",
                    "position": 2,
                    "condition": f'labels.service == "{incident.service.name}"',
                },
                "group": {"reason": "group_by", "key": incident.group_key},
            },
        )

    @transaction.atomic
    def _quiet(self, incident: Incident) -> None:
        now = clock.now()
        incident.alerts.update(status=AlertStatus.RESOLVED, resolved_at=now, last_seen_at=now)
        fresh = lifecycle.locked(incident.pk)
        lifecycle.set_alert_counts(
            fresh, alert_count=fresh.alert_count, firing_count=0, severity=Severity(fresh.severity or Severity.INFO)
        )

    def _confirm_texts(self) -> int:
        """The carrier's receipts for text messages; Ben's phone is off, so his never come."""
        sent = Delivery.objects.filter(channel="sms", status=Status.SENT, receipt_due_at__isnull=False)
        arrived = list(sent.exclude(user=self.users["ben"]))
        for each in arrived:
            receipts.record(provider_ref=each.provider_ref, status="delivered", delivery_id=each.pk)
        return len(arrived)
