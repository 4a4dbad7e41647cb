"""Plain functions that make rows, valid by default: name only what the test is about."""

from datetime import date, time, timedelta
from itertools import count

from rest_framework.test import APIClient

from accounts import api_keys
from accounts.models import Membership, Role, Scope, Team, User
from catalog.models import Service, UrgencyRule
from incidents.actor import Actor, Via, person, source
from incidents.models import Incident, Severity, Urgency
from incidents.opening import Opening, open_incident
from oncall.models import Rotation, RotationMember, Schedule

_number = count(1)


def a_user(username: str = "", *, role: Role = Role.RESPONDER, time_zone: str = "UTC", is_active: bool = True) -> User:
    """Somebody with an account, an e-mail address and no password."""
    name = username or f"user{next(_number)}"
    user = User(
        username=name, email=f"{name}@example.com", role=role, time_zone=time_zone, is_active=is_active, password="!"
    )
    user.save()
    return user


def a_team(name: str = "", *, members: list[User] | None = None) -> Team:
    """A team of these people."""
    team = Team.objects.create(name=name or f"team{next(_number)}")
    Membership.objects.bulk_create(Membership(team=team, user=user) for user in members or [])
    return team


def a_service(name: str = "", *, team: Team | None = None, urgency: UrgencyRule = UrgencyRule.HIGH) -> Service:
    """A service that nobody covers."""
    return Service.objects.create(
        name=name or f"service{next(_number)}", team=team if team is not None else a_team(), urgency=urgency
    )


def a_schedule(
    name: str = "", *, people: list[User] | None = None, team: Team | None = None, time_zone: str = "UTC"
) -> Schedule:
    """A schedule with one weekly rotation of these people, since long ago; without people nobody is on call."""
    schedule = Schedule.objects.create(name=name or f"schedule{next(_number)}", team=team, time_zone=time_zone)
    rotation = Rotation.objects.create(
        schedule=schedule, name="weekly", start_date=date(2020, 1, 6), handoff_time=time(9)
    )
    RotationMember.objects.bulk_create(
        RotationMember(rotation=rotation, position=place, user=user) for place, user in enumerate(people or [])
    )
    return schedule


def an_incident(
    title: str = "Replica lag",
    *,
    service: Service | None = None,
    by: Actor | None = None,
    urgency: Urgency = Urgency.HIGH,
    severity: Severity | None = Severity.CRITICAL,
    open_key: str | None = None,
    hold: timedelta = timedelta(),
) -> Incident:
    """An incident as a source opens it: triggered, or held."""
    incident, _ = open_incident(
        Opening(
            service=service if service is not None else a_service(),
            title=title,
            urgency=urgency,
            severity=severity,
            origin="prometheus",
            group_key=open_key or "",
            open_key=open_key,
            hold=hold,
        ),
        by=by or source("prometheus"),
    )
    return incident


def by(user: User, via: Via = Via.WEB) -> Actor:
    """This person acts."""
    return person(user, via)


def an_api(user: User | None = None, *, scope: Scope = Scope.WRITE) -> APIClient:
    """A client of the API with a key of this person's, or of a new responder's."""
    _, key = api_keys.create(name=f"key{next(_number)}", user=user or a_user(), scope=scope)
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {key}")
    return client
