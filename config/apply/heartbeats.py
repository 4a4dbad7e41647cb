"""Heartbeats. A key can be given; else one is made, and shown once."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from alerts.heartbeats import verbs as heartbeats
from alerts.heartbeats.models import Heartbeat, HeartbeatState
from alerts.heartbeats.verbs import Wish
from alerts.models import Integration
from alerts.receiving.letters import hashed
from catalog.models import Service
from config.apply.document import Mapping as MappingNode
from config.apply.document import Node
from config.apply.schema import Gathered, optional, wrong
from config.apply.section import Given, Made, Plain, Section, said
from config.apply.values import duration, flag, key_text, one_of, reference, text, with_plain_breaks
from core import durations
from incidents.models import Severity


@dataclass(frozen=True)
class HeartbeatForm:
    """Something that ought to ping in each period."""

    name: str
    period: timedelta = timedelta()
    grace: timedelta = timedelta()
    service: str | None = None
    integration: str | None = None
    severity: str = Severity.CRITICAL.value
    title: str = ""
    description: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    paused: bool = False

    def plain(self) -> dict[str, Plain]:
        """As in a file, without the key: nobody knows it."""
        return said(
            name=str(self.name),
            period=durations.write(self.period),
            grace=durations.write(self.grace) if self.grace else None,
            service=self.service and str(self.service),
            integration=self.integration and str(self.integration),
            severity=None if self.severity == Severity.CRITICAL else str(self.severity),
            title=str(self.title),
            description=str(self.description),
            labels={str(name): str(value) for name, value in self.labels.items()},
            paused=self.paused or None,
        )


def _labels(node: Node, gathered: Gathered) -> dict[str, str]:
    """Names and texts."""
    if not isinstance(node, MappingNode):
        raise wrong(node, "must be a mapping of names to texts")
    read = text(longest=4000, may_be_empty=True, may_break=True)
    return {entry.key: str(read(entry.value, gathered)) for entry in node}


class Heartbeats(Section[HeartbeatForm]):
    """What ought to ping."""

    key = "heartbeats"
    kind = "heartbeat"
    form = HeartbeatForm
    required_when_new = ("period",)
    unread = frozenset({"key"})
    fields = {
        "name": text(longest=200),
        "period": duration(),
        "grace": duration(),
        "service": optional(reference("service")),
        "integration": optional(reference("integration")),
        "severity": one_of(lambda: Severity.values),
        "title": text(longest=1024, may_be_empty=True),
        "description": text(longest=16_000, may_be_empty=True, may_break=True),
        "labels": _labels,
        "paused": flag(),
        "key": key_text(),
    }

    def current(self) -> dict[str, HeartbeatForm]:
        """Every heartbeat."""
        return {
            each.name: HeartbeatForm(
                name=each.name,
                period=each.period,
                grace=each.grace,
                service=each.service.name if each.service else None,
                integration=each.integration.name if each.integration else None,
                severity=each.severity,
                title=each.title,
                description=with_plain_breaks(each.description),
                labels=each.labels,
                paused=each.state == HeartbeatState.PAUSED,
            )
            for each in Heartbeat.objects.select_related("service", "integration")
        }

    def merged(self, old: HeartbeatForm | None, given: Given) -> HeartbeatForm:
        """Refuses one whose alert would lead nowhere, and one that would have to ping all the time."""
        wanted = super().merged(old, given)
        if not wanted.service and not wanted.integration:
            raise given.wrong('needs a "service", or an "integration" whose routes name one')
        if wanted.period < heartbeats.SHORTEST_PERIOD:
            raise given.wrong(f'the "period" is shorter than {durations.write(heartbeats.SHORTEST_PERIOD)}')
        return wanted

    def unread_changes(self, old: HeartbeatForm | None, given: Given) -> list[str]:
        """Whether the key is another."""
        wanted = given.values.get("key")
        if wanted is None:
            return []
        owner = Heartbeat.objects.filter(key_hash=hashed(wanted)).first()
        if owner is None:
            return ["key: as given"] if old is None else ["key: replaced"]
        if owner.name != given.name:
            raise given.wrong(f'this key is already that of the heartbeat "{owner.name}"', wanted)
        return []

    def write(self, form: HeartbeatForm, given: Given, made: Made) -> None:
        """The heartbeat, and its key."""
        fields = {
            "period": form.period,
            "grace": form.grace,
            "service": Service.objects.get(name=form.service) if form.service else None,
            "integration": Integration.objects.get(name=form.integration) if form.integration else None,
            "severity": Severity(form.severity),
            "title": str(form.title),
            "description": str(form.description),
            "labels": dict(form.labels),
        }
        wanted = given.values.get("key")
        row = Heartbeat.objects.filter(name=form.name).first()
        if row is None:
            row, made.heartbeat_keys[form.name] = heartbeats.create(
                Wish(name=str(form.name), **fields),  # type: ignore[arg-type]  # each has the type of its field
                key=wanted,
            )
        else:
            row = heartbeats.change(row.pk, **fields)
            if wanted is not None and bytes(row.key_hash or b"") != hashed(wanted):
                made.heartbeat_keys[form.name] = heartbeats.new_key_for(row.pk, key=wanted)
        (heartbeats.pause if form.paused else heartbeats.resume)(row.pk)
