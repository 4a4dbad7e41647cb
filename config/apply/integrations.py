"""Integrations with their routes. A key can be given; else one is made, and shown once."""

from dataclasses import dataclass
from datetime import timedelta

from alerts.decisions import group_expressions, hours, routing
from alerts.decisions.flapping import FLAP_CHANGES, FLAP_WINDOW, MOST_KEPT
from alerts.integrations import keys
from alerts.integrations.keys import RouteWish
from alerts.mapping import versions
from alerts.models import STORM_AFTER, Integration, Route
from alerts.parsing.authentication import LONGEST_SECRET
from alerts.parsing.source import sources
from alerts.receiving.letters import hashed
from catalog.models import Service
from config.apply.document import Node
from config.apply.mail import MailRules, kept_rules, read_rules
from config.apply.mapping import MappingForm, in_use, read_mapping
from config.apply.schema import Fields, Gathered, Written, list_of, optional, wrong
from config.apply.section import Given, Made, Plain, Section, said, texts
from config.apply.values import duration, flag, key_text, number, one_of, reference, text
from core import durations
from core.errors import Invalid
from incidents.actor import Actor, ActorKind, Via

_SAVED = (
    *("group_expression", "group_window", "group_window_rolls"),
    *("source", "is_active", "group_by", "hold", "reopen_within"),
    *("storm_after", "resolve_after", "flap_changes", "flap_window", "mail_rules"),
)


_BY = Actor(ActorKind.SYSTEM, "configuration", Via.COMMAND)


@dataclass(frozen=True)
class ThresholdForm:
    """More than so many messages within a time."""

    more_than: int
    within: timedelta

    def plain(self) -> Plain:
        """As in a file."""
        return {"more_than": self.more_than, "within": durations.write(self.within)}


@dataclass(frozen=True)
class RouteForm:
    """Alerts for which the condition holds go to this service; without one, all that come so far."""

    service: str
    condition: str = ""
    hours: str = ""
    threshold: ThresholdForm | None = None

    def plain(self) -> Plain:
        """As in a file."""
        threshold = self.threshold.plain() if self.threshold is not None else None
        asked = said(**{"if": str(self.condition)}, service=str(self.service), hours=str(self.hours))
        return {**asked, **said(threshold=threshold)}


@dataclass(frozen=True)
class IntegrationForm:
    """An entry point. `group_by` is None where the source's own default holds."""

    name: str
    source: str = ""
    group_by: tuple[str, ...] | None = None
    mail: MailRules | None = None
    mapping: MappingForm | None = None
    group_expression: str = ""
    group_window: timedelta | None = None
    group_window_rolls: bool = False
    hold: timedelta = timedelta()
    reopen_within: timedelta = timedelta()
    storm_after: int = STORM_AFTER
    resolve_after: timedelta | None = None
    flap_changes: int = FLAP_CHANGES
    flap_window: timedelta = FLAP_WINDOW
    active: bool = True
    routes: tuple[RouteForm, ...] = ()

    def plain(self) -> dict[str, Plain]:
        """As in a file, without the key: nobody knows it."""
        described = said(
            name=str(self.name),
            source=str(self.source),
            group_expression=str(self.group_expression),
            group_window=None if self.group_window is None else durations.write(self.group_window),
            group_window_rolls=self.group_window_rolls or None,
            hold=durations.write(self.hold) if self.hold else None,
            reopen_within=durations.write(self.reopen_within) if self.reopen_within else None,
            storm_after=None if self.storm_after == STORM_AFTER else int(self.storm_after),
            resolve_after=None if self.resolve_after is None else durations.write(self.resolve_after),
            flap_changes=None if self.flap_changes == FLAP_CHANGES else self.flap_changes,
            flap_window=None if self.flap_window == FLAP_WINDOW else durations.write(self.flap_window),
            active=None if self.active else False,
            routes=[each.plain() for each in self.routes],
        )
        if self.mail is not None:
            described["mail"] = self.mail.plain()
        if self.mapping is not None:
            described["mapping"] = self.mapping.plain()
        if self.group_by is not None:  # an empty list says: everything in one group
            described["group_by"] = texts(self.group_by)
        return described


def _condition(node: Node, gathered: Gathered) -> str:
    """A condition that can be asked."""
    condition = text(longest=routing.LONGEST_CONDITION, may_break=True)(node, gathered).strip()
    problem = routing.check(condition) if condition else "must not be empty; leave it out for the default route"
    if problem:
        raise wrong(node, problem)
    return Written.at(node.place, condition)


def _expression(node: Node, gathered: Gathered) -> str:
    """CEL that gives a text, or nothing."""
    expression = text(longest=group_expressions.LONGEST, may_be_empty=True, may_break=True)(node, gathered).strip()
    problem = group_expressions.check(expression)
    if problem:
        raise wrong(node, problem)
    return Written.at(node.place, expression)


def _hours(node: Node, gathered: Gathered) -> str:
    """Days, times and a time zone."""
    written = text(longest=hours.LONGEST)(node, gathered)
    problem = hours.check(written)
    if problem:
        raise wrong(node, problem)
    return written


def _route(service: str, hours: str = "", threshold: ThresholdForm | None = None, **further: str) -> RouteForm:
    return RouteForm(service, further.get("if", ""), hours, threshold)


_read_threshold = Fields(
    {"more_than": number(low=1, high=keys.MOST_COUNTED), "within": duration(longest=keys.LONGEST_THRESHOLD)},
    ThresholdForm,
    required=("more_than", "within"),
)
_read_route = Fields(
    {"if": _condition, "service": reference("service"), "hours": _hours, "threshold": _read_threshold},
    _route,
    required=("service",),
)


def _route_as_it_is(route: Route) -> RouteForm:
    threshold = None
    if route.more_than is not None and route.within is not None:
        threshold = ThresholdForm(route.more_than, route.within)
    return RouteForm(route.service.name, route.condition, route.hours, threshold)


def _wish(services: dict[str, Service], route: RouteForm) -> RouteWish:
    limit = route.threshold
    return RouteWish(
        services[route.service],
        str(route.condition),
        str(route.hours),
        more_than=limit.more_than if limit else None,
        within=limit.within if limit else None,
    )


class Integrations(Section[IntegrationForm]):
    """Where alerts come in."""

    key = "integrations"
    kind = "integration"
    form = IntegrationForm
    required_when_new = ("source", "routes")
    unread = frozenset({"key", "secret"})
    fields = {
        "name": text(),
        "source": one_of(lambda: sources.all().keys()),
        "key": key_text(),
        "secret": optional(text(longest=LONGEST_SECRET)),
        "mail": optional(read_rules),
        "mapping": optional(read_mapping),
        "group_by": optional(list_of(text(longest=200), once=str)),
        "group_expression": _expression,
        "group_window": optional(duration()),
        "group_window_rolls": flag(),
        "hold": duration(),
        "reopen_within": duration(),
        "storm_after": number(low=0, high=10_000),
        "resolve_after": optional(duration()),
        "flap_changes": number(low=0, high=MOST_KEPT),
        "flap_window": duration(),
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
                mail=kept_rules(each.mail_rules),
                mapping=in_use(each.mapping.expressions if each.mapping is not None else None),
                group_expression=each.group_expression,
                group_window=each.group_window,
                group_window_rolls=each.group_window_rolls,
                hold=each.hold,
                reopen_within=each.reopen_within,
                storm_after=each.storm_after,
                resolve_after=each.resolve_after,
                flap_changes=each.flap_changes,
                flap_window=each.flap_window,
                active=each.is_active,
                routes=tuple(
                    _route_as_it_is(route) for route in sorted(each.routes.all(), key=lambda route: route.position)
                ),
            )
            for each in Integration.objects.select_related("mapping").prefetch_related("routes__service")
        }

    def merged(self, old: IntegrationForm | None, given: Given) -> IntegrationForm:
        """Refuses routes that leave something without a service, or are never asked, and rules without use."""
        wanted = super().merged(old, given)
        if wanted.mail is not None and wanted.source != keys.MAIL:
            raise given.wrong('"mail" is only for integrations whose source is email')
        for route in wanted.routes[:-1]:
            if not route.condition and not route.hours:
                sentence = 'only the last route may be without "if" and "hours": those after it are never asked'
                raise given.wrong(sentence, route.service)
        last = wanted.routes[-1] if wanted.routes else None
        if last and (last.condition or last.hours):
            sentence = 'the last route must be without "if" and "hours": it takes what no other takes'
            raise given.wrong(sentence, last.condition or last.hours)
        return wanted

    def unread_changes(self, old: IntegrationForm | None, given: Given) -> list[str]:
        """Whether the key or the secret is another."""
        return [*self._key_changes(old, given), *_secret_changes(old, given)]

    def _key_changes(self, old: IntegrationForm | None, given: Given) -> list[str]:
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
        services = Service.objects.in_bulk([str(each.service) for each in form.routes], field_name="name")
        routes = [_wish(services, each) for each in form.routes]
        wanted = given.values.get("key")
        row = Integration.objects.filter(name=form.name).first()
        if row is None:
            row, made.integration_keys[form.name] = keys.create_integration(
                name=str(form.name), source=str(form.source), routes=routes, key=wanted
            )
        else:
            keys.set_routes(row, routes)
            if wanted is not None and bytes(row.key_hash) != hashed(wanted):
                keys.new_key_for(row, key=wanted)
        row.source, row.is_active = str(form.source), form.active
        row.group_by = None if form.group_by is None else [str(each) for each in form.group_by]
        row.group_expression, row.group_window = str(form.group_expression), form.group_window
        row.group_window_rolls = form.group_window_rolls
        row.hold, row.reopen_within, row.storm_after = form.hold, form.reopen_within, form.storm_after
        row.mail_rules = None if form.mail is None else form.mail.plain()
        row.resolve_after, row.flap_changes, row.flap_window = form.resolve_after, form.flap_changes, form.flap_window
        row.save(update_fields=_SAVED)
        versions.save(row.pk, form.mapping.flat() if form.mapping is not None else {}, by=_BY)
        secret = given.values.get("secret")
        if "secret" in given.values and (secret is None or not keys.is_secret(row, secret)):
            keys.change_integration(row, secret=secret)


def _secret_changes(old: IntegrationForm | None, given: Given) -> list[str]:
    if "secret" not in given.values:
        return []
    wanted = given.values["secret"]
    row = Integration.objects.filter(name=given.name).first()
    if wanted is None:
        return ["secret: removed"] if row is not None and row.has_secret else []
    try:
        keys.sealed_secret(str(given.values.get("source") or (old.source if old else "")), wanted)
    except Invalid as problem:
        raise given.wrong(str(problem), wanted) from None
    if row is None:
        return ["secret: as given"]
    return [] if keys.is_secret(row, wanted) else ["secret: replaced"]
