"""Where an alert of a message belongs: its identity, its service by the integration's routes, and its group."""

from functools import lru_cache

from alerts.decisions import group_expressions, hours
from alerts.decisions.grouping import fingerprint, group_of, open_key
from alerts.decisions.routing import Decision, Facts, Limit, Router, RouteRule
from alerts.models import Integration, Route
from alerts.parsing.source import Own, ParsedAlert
from alerts.pipeline.cases import Told
from alerts.pipeline.understanding import RawEvent


def rules_of(integration: Integration) -> tuple[RouteRule, ...]:
    """Its routes in their order."""
    routes = Route.objects.filter(integration=integration).order_by("position")
    asked = routes.values_list("position", "condition", "service_id", "hours", "more_than", "within")
    return tuple(
        RouteRule(
            position,
            condition,
            service_id,
            hours.read(when) if when else None,
            Limit(more_than, within) if more_than is not None and within is not None else None,
        )
        for position, condition, service_id, when, more_than, within in asked
    )


@lru_cache(maxsize=500)
def router(rules: tuple[RouteRule, ...]) -> Router:
    """The routes, compiled."""
    return Router(rules)


def decide(integration: Integration, router: Router | None, event: RawEvent, alert: ParsedAlert) -> Told:
    """The alert with what was decided of it."""
    if alert.resolves_after is not None and integration.resolve_after is None:  # what is set by hand counts more
        alert.expires_at = event.received_at + alert.resolves_after
    route = _named(alert.own) or _asked(integration, router, event, alert)
    if integration.group_expression:
        facts = _facts(integration, event, alert)
        group = group_expressions.group_of(integration.group_expression, facts, dedup_key=alert.dedup_key)
    else:
        group = group_of(alert.labels, group_by=integration.group_by, default=alert.group, dedup_key=alert.dedup_key)
    mark = (alert.own and alert.own.fingerprint) or fingerprint(alert.dedup_key)
    key = open_key(integration.pk, route.service_id, group.key)
    return Told(event.id, event.received_at, alert, mark, route, group, key)


def _named(own: Own | None) -> Decision | None:
    """The service that Tocsin's own message names; None where the routes are asked."""
    return None if own is None or own.service_id is None else Decision(own.service_id, "named", 0, "")


def _asked(integration: Integration, router: Router | None, event: RawEvent, alert: ParsedAlert) -> Decision:
    if router is None:
        raise ValueError("Without routes only alerts that name their service come so far.")
    return router.decide(_facts(integration, event, alert), at=event.received_at)


def _facts(integration: Integration, event: RawEvent, alert: ParsedAlert) -> Facts:
    return Facts(
        labels=alert.labels,
        annotations=alert.annotations,
        severity=alert.severity or "",
        title=alert.title,
        source=event.source or integration.source,
        integration=integration.name,
    )
