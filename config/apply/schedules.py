"""Schedules with their rotations and overrides."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from accounts.models import Team, User
from config.apply.schema import Fields, list_of, optional
from config.apply.section import Given, Made, Plain, Section, said, texts
from config.apply.values import moment, number, reference, text, time_zone, turn
from oncall.models import Override, Rotation, RotationMember, Schedule

_MINUTES = "%Y-%m-%dT%H:%M"


@dataclass(frozen=True)
class RotationForm:
    """People in turn. `start` is local time: the first day, and the wall time of every hand-off."""

    name: str
    every: str
    start: datetime
    people: tuple[str, ...]
    layer: int = 1

    def plain(self) -> dict[str, Plain]:
        """As in a file."""
        return {
            "name": str(self.name),
            "layer": self.layer,
            "every": self.every,
            "start": self.start.strftime(_MINUTES),
            "people": texts(self.people),
        }


@dataclass(frozen=True)
class OverrideForm:
    """This person, from here to there. Local as read from a file; UTC once the time zone is known."""

    person: str
    start: datetime
    end: datetime

    def in_utc(self, zone: ZoneInfo) -> "OverrideForm":
        """The same in UTC. Where the clock goes back, the first of the two hours is meant."""
        return replace(self, start=_in_utc(self.start, zone), end=_in_utc(self.end, zone))

    def plain(self, zone: ZoneInfo) -> dict[str, Plain]:
        """As in a file, in local time."""
        return {"person": str(self.person), "from": _written(self.start, zone), "to": _written(self.end, zone)}


@dataclass(frozen=True)
class ScheduleForm:
    """A schedule; rotations by layer and name, overrides by time."""

    name: str
    team: str | None = None
    time_zone: str = "UTC"
    rotations: tuple[RotationForm, ...] = ()
    overrides: tuple[OverrideForm, ...] = ()

    def plain(self) -> dict[str, Plain]:
        """As in a file."""
        zone = ZoneInfo(self.time_zone)
        return said(
            name=str(self.name),
            team=self.team and str(self.team),
            time_zone=str(self.time_zone),
            rotations=[each.plain() for each in self.rotations],
            overrides=[each.plain(zone) for each in self.overrides],
        )


def _override(person: str, **span: datetime) -> OverrideForm:
    return OverrideForm(person, span["from"], span["to"])


_read_rotation = Fields(
    {
        "name": text(),
        "layer": number(low=1, high=100),
        "every": turn(),
        "start": moment(may_have_offset=False),
        "people": list_of(reference("user"), at_least=1),
    },
    RotationForm,
    required=("name", "every", "start", "people"),
)
_read_override = Fields(
    {
        "person": reference("user"),
        "from": moment(may_have_offset=True),
        "to": moment(may_have_offset=True),
    },
    _override,
    required=("person", "from", "to"),
)


class Schedules(Section[ScheduleForm]):
    """Who is on call when."""

    key = "schedules"
    kind = "schedule"
    form = ScheduleForm
    fields = {
        "name": text(),
        "team": optional(reference("team")),
        "time_zone": time_zone(),
        "rotations": list_of(_read_rotation, once=lambda each: each.name),
        "overrides": list_of(_read_override),
    }

    def current(self) -> dict[str, ScheduleForm]:
        """Every schedule."""
        schedules = Schedule.objects.select_related("team").prefetch_related(
            "rotations__members__user", "overrides__person"
        )
        return {each.name: _form(each) for each in schedules}

    def merged(self, old: ScheduleForm | None, given: Given) -> ScheduleForm:
        """In their order, overrides in UTC."""
        wanted = super().merged(old, given)
        overrides = tuple(each.in_utc(ZoneInfo(wanted.time_zone)) for each in wanted.overrides)
        seen: set[tuple[str, datetime]] = set()
        for each in overrides:
            if each.end <= each.start:
                raise given.wrong(f'the override of "{each.person}" ends before it starts', each.person)
            if (each.person, each.start) in seen:
                raise given.wrong(f'"{each.person}" has two overrides from the same moment on', each.person)
            seen.add((each.person, each.start))
        return replace(wanted, rotations=_in_order(wanted.rotations), overrides=_by_time(overrides))

    def write(self, form: ScheduleForm, given: Given, made: Made) -> None:
        """The schedule, then its rotations and overrides."""
        schedule = Schedule.objects.filter(name=form.name).first() or Schedule(name=str(form.name))
        schedule.team = Team.objects.get(name=form.team) if form.team else None
        schedule.time_zone = str(form.time_zone)
        schedule.save()
        was = _form(schedule)
        if was.rotations != form.rotations:
            _write_rotations(schedule, form.rotations)
        if was.overrides != form.overrides:
            _write_overrides(schedule, was.overrides, form.overrides)


def _form(schedule: Schedule) -> ScheduleForm:
    return ScheduleForm(
        name=schedule.name,
        team=schedule.team.name if schedule.team else None,
        time_zone=schedule.time_zone,
        rotations=_in_order(
            RotationForm(
                name=each.name,
                every=f"{each.every_count}{each.every_unit}",
                start=datetime.combine(each.start_date, each.handoff_time),
                people=tuple(member.user.username for member in sorted(each.members.all(), key=lambda m: m.position)),
                layer=each.layer,
            )
            for each in schedule.rotations.all()
        ),
        overrides=_by_time(
            OverrideForm(each.person.username, each.start_at, each.end_at) for each in schedule.overrides.all()
        ),
    )


def _in_order(rotations: Iterable[RotationForm]) -> tuple[RotationForm, ...]:
    return tuple(sorted(rotations, key=lambda each: (each.layer, each.name)))


def _by_time(overrides: Iterable[OverrideForm]) -> tuple[OverrideForm, ...]:
    return tuple(sorted(overrides, key=lambda each: (each.start, each.person)))


def _write_rotations(schedule: Schedule, forms: tuple[RotationForm, ...]) -> None:
    existing = {each.name: each for each in schedule.rotations.all()}
    for form in forms:
        row = existing.pop(form.name, None) or Rotation(schedule=schedule, name=str(form.name))
        row.layer, row.every_count, row.every_unit = form.layer, int(form.every[:-1]), form.every[-1]
        row.start_date, row.handoff_time = form.start.date(), form.start.time()
        row.save()
        users = User.objects.in_bulk(list(form.people), field_name="username")
        RotationMember.objects.filter(rotation=row).delete()
        RotationMember.objects.bulk_create(
            RotationMember(rotation=row, position=position, user=users[name])
            for position, name in enumerate(form.people, start=1)
        )
    Rotation.objects.filter(pk__in=[each.pk for each in existing.values()]).delete()


def _write_overrides(schedule: Schedule, was: tuple[OverrideForm, ...], wanted: tuple[OverrideForm, ...]) -> None:
    for gone in set(was) - set(wanted):
        schedule.overrides.filter(person__username=gone.person, start_at=gone.start, end_at=gone.end).delete()
    for new in set(wanted) - set(was):
        person = User.objects.get(username=new.person)
        Override.objects.create(schedule=schedule, person=person, start_at=new.start, end_at=new.end)


def _in_utc(at: datetime, zone: ZoneInfo) -> datetime:
    return (at if at.tzinfo else at.replace(tzinfo=zone)).astimezone(UTC)


def _written(at: datetime, zone: ZoneInfo) -> str:
    """Local time; with its offset where local time alone would be read as another moment."""
    local = at.astimezone(zone)
    plain = local.replace(tzinfo=None).strftime(_MINUTES)
    if _in_utc(datetime.fromisoformat(plain), zone) == at:
        return plain
    return local.isoformat()
