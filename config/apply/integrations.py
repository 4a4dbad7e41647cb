"""Integrations with their routes. A key can be given; else one is made, and shown once."""

from dataclasses import dataclass
from datetime import timedelta

from accounts.api_keys import hashed
from alerts.models import Integration, Route
from catalog.models import Service
from config.apply.schema import Fields, list_of, optional
from config.apply.section import Given, Made, Plain, Section, said, texts
from config.apply.values import duration, flag, key_text, one_of, reference, text, written_duration
from config.up.files import random_secret


@dataclass(frozen=True)
class RouteForm:
    """Alerts for which the condition holds go to this service; without one, all that come so far."""

    service: str
    condition: str = ""

    def plain(self) -> Plain:
        """As in a file."""
        return said(**{"if": str(self.condition)}, service=str(self.service))


@dataclass(frozen=True)
class IntegrationForm:
    """An entry point. `group_by` is None where the source's own default holds."""

    name: str
    source: str = ""
    group_by: tuple[str, ...] | None = None
    hold: timedelta = timedelta()
    reopen_within: timedelta = timedelta()
    active: bool = True
    routes: tuple[RouteForm, ...] = ()

    def plain(self) -> dict[str, Plain]:
        """As in a file, without the key: nobody knows it."""
        described = said(
            name=str(self.name),
            source=str(self.source),
            hold=written_duration(self.hold) if self.hold else None,
            reopen_within=written_duration(self.reopen_within) if self.reopen_within else None,
            active=None if self.active else False,
            routes=[each.plain() for each in self.routes],
        )
        if self.group_by is not None:  # an empty list says: everything in one group
            described["group_by"] = texts(self.group_by)
        return described


def _route(service: str, **further: str) -> RouteForm:
    return RouteForm(service, further.get("if", ""))


_read_route = Fields(
    {"if": text(longest=10_000, may_break=True), "service": reference("service")}, _route, required=("service",)
)


class Integrations(Section[IntegrationForm]):
    """Where alerts come in."""

    key = "integrations"
    kind = "integration"
    form = IntegrationForm
    required_when_new = ("source", "routes")
    unread = frozenset({"key"})
    fields = {
        "name": text(),
        "source": one_of(lambda: ("alertmanager", "generic", "grafana_alerting", "pagerduty")),
        "key": key_text(),
        "group_by": optional(list_of(text(longest=200), once=str)),
        "hold": duration(),
        "reopen_within": duration(),
        "active": flag(),
        "routes": list_of(_read_route, at_least=1),
    }

    def current(self) -> dict[str, IntegrationForm]:
        """Every integration."""
        return {
            each.name: IntegrationForm(
                name=each.name,
                source=each.source,
                group_by=None if each.group_by is None else tuple(each.group_by),
                hold=each.hold,
                reopen_within=each.reopen_within,
                active=each.is_active,
                routes=tuple(
                    RouteForm(route.service.name, route.condition)
                    for route in sorted(each.routes.all(), key=lambda route: route.position)
                ),
            )
            for each in Integration.objects.prefetch_related("routes__service")
        }

    def merged(self, old: IntegrationForm | None, given: Given) -> IntegrationForm:
        """Refuses routes that leave something without a service, or are never asked."""
        wanted = super().merged(old, given)
        for route in wanted.routes[:-1]:
            if not route.condition:
                sentence = 'only the last route may be without "if": those after it are never asked'
                raise given.wrong(sentence, route.service)
        last = wanted.routes[-1] if wanted.routes else None
        if last and last.condition:
            raise given.wrong('the last route must be without "if": it takes what no other takes', last.condition)
        return wanted

    def unread_changes(self, old: IntegrationForm | None, given: Given) -> list[str]:
        """Whether the key is another."""
        wanted = given.values.get("key")
        if wanted is None:
            return []
        owner = Integration.objects.filter(key_hash=hashed(wanted)).first()
        if owner is None:
            return ["key: as given"] if old is None else ["key: replaced"]
        if owner.name != given.name:
            raise given.wrong(f'this key is already that of the integration "{owner.name}"', wanted)
        return []

    def write(self, form: IntegrationForm, given: Given, made: Made) -> None:
        """The integration, its key, then its routes."""
        row = Integration.objects.filter(name=form.name).first() or Integration(name=str(form.name))
        row.source, row.is_active = str(form.source), form.active
        row.group_by = None if form.group_by is None else [str(each) for each in form.group_by]
        row.hold, row.reopen_within = form.hold, form.reopen_within
        wanted = given.values.get("key") or (None if row.pk else random_secret())
        if wanted is not None:
            row.key_hash, row.key_prefix = hashed(wanted), wanted[:8]
            made.integration_keys[form.name] = wanted
        row.save()
        _write_routes(row, form.routes)


def _write_routes(integration: Integration, forms: tuple[RouteForm, ...]) -> None:
    services = Service.objects.in_bulk([str(each.service) for each in forms], field_name="name")
    wanted = [
        (position, str(each.condition), services[each.service].pk) for position, each in enumerate(forms, start=1)
    ]
    if list(integration.routes.values_list("position", "condition", "service_id").order_by("position")) == wanted:
        return
    integration.routes.all().delete()
    Route.objects.bulk_create(
        Route(integration=integration, position=position, condition=condition, service_id=service)
        for position, condition, service in wanted
    )
