"""Azure Monitor by a webhook of an action group: the common alert schema, and the older schemas of single services.

Format: Microsoft's documentation of Azure Monitor, "Common alert schema" and "Non-common alert schema definitions".
"""

from datetime import timedelta

from alerts.models import AlertStatus
from alerts.parsing.fields import all_filled, filled, identity, named, nothing_to_tell, object_at, objects_at, said
from alerts.parsing.mend import Unreadable
from alerts.parsing.source import (
    Example,
    Expected,
    Json,
    ParsedAlert,
    Received,
    Source,
    as_text,
    expect_object,
    links_of,
)
from incidents.models import Severity

_STATUSES = {
    "fired": AlertStatus.FIRING,
    "resolved": AlertStatus.RESOLVED,
    "activated": AlertStatus.FIRING,
    "deactivated": AlertStatus.RESOLVED,
}
# Azure counts from zero: Sev1 is an error, not the worst there is.
_SEVERITIES = {
    "0": Severity.CRITICAL,
    "1": Severity.ERROR,
    "2": Severity.WARNING,
    "3": Severity.INFO,
    "4": Severity.INFO,
}
_OF_THE_ACTIVITY_LOG = frozenset({"activity log", "servicehealth", "service health", "resource health"})
_NEVER_RESOLVED = timedelta(days=1)  # of what is told and never taken back
_ID = "/subscriptions/0a1b/providers/Microsoft.AlertsManagement/alerts/5e1f"
_VM = "/subscriptions/0a1b/resourceGroups/shop/providers/Microsoft.Compute/virtualMachines/shop-7"


def _example(**essentials: str) -> dict[str, Json]:
    return {
        "schemaId": "azureMonitorCommonAlertSchema",
        "data": {
            "essentials": {
                "alertId": _ID,
                "alertRule": "Shop is short of memory",
                "severity": "Sev2",
                "signalType": "Metric",
                "monitoringService": "Platform",
                "alertTargetIDs": [_VM],
                "configurationItems": ["shop-7"],
                "firedDateTime": "2026-03-01T10:00:00.1234567Z",
                "description": "Less than 5 % is free",
                **essentials,
            },
            "alertContext": {
                "conditionType": "SingleResourceMultipleMetricCriteria",
                "condition": {"allOf": [{"metricName": "Available Memory", "threshold": "5", "metricValue": 3.2}]},
            },
            "customProperties": {"team": "shop"},
        },
    }


class AzureMonitor(Source):
    slug = "azure_monitor"
    label = "Azure Monitor"
    authentication = None
    group_text = "By alert, as Azure numbers them: each is a group of its own."
    set_up = """\
In **Monitor → Alerts → Action groups**, on the tab *Actions*:

- Action type: `Webhook`
- URI: `{url}`
- Enable the common alert schema: **Yes**

Name the action group in your alert rules. Activity log and service health alerts never tell that they are over, nor do
log search alerts without the common schema: here they are over a day after they came last, unless the integration's
`resolve_after` says otherwise. With the common schema log search alerts tell it if *Automatically resolve alerts* is
switched on; if it is not, set `resolve_after`.
"""

    def parse(self, received: Received) -> list[ParsedAlert]:
        """One alert."""
        body = expect_object(received.json())
        data = object_at(body, "data")
        essentials = object_at(data, "essentials")
        if essentials:
            return [_common(essentials, data, received)]
        if said(data, "AlertRuleName"):
            return [_log_search(data, received)]
        told = data if object_at(data, "context") else body
        context = object_at(told, "context")
        if not context:
            raise Unreadable("unexpected_shape", "The body is in none of the schemas of Azure Monitor that are known.")
        return [_older(told, object_at(context, "activityLog") or context, received)]

    examples = (
        Example(
            "firing",
            _example(monitorCondition="Fired"),
            (Expected(AlertStatus.FIRING, "Shop is short of memory", Severity.WARNING, _ID),),
        ),
        Example(
            "resolved",
            _example(monitorCondition="Resolved", resolvedDateTime="2026-03-01T10:30:00.7654321Z"),
            (Expected(AlertStatus.RESOLVED, "Shop is short of memory", Severity.WARNING, _ID),),
        ),
        Example(
            "classic",
            {
                "status": "Activated",
                "context": {
                    "id": "/subscriptions/0a1b/alertrules/slow",
                    "name": "slow",
                    "resourceName": "shop",
                    "resourceId": "/sites/shop",
                    "timestamp": "2026-03-01T10:00:00.1234567Z",
                },
                "properties": None,
            },
            (Expected(AlertStatus.FIRING, "slow", None, "/subscriptions/0a1b/alertrules/slow//sites/shop"),),
        ),
        Example(
            "log_search_of_old",
            {
                "schemaId": "Microsoft.Insights/LogAlert",
                "data": {"SubscriptionId": "0a1b", "AlertRuleName": "Errors in log", "Severity": "1"},
            },
            (Expected(AlertStatus.FIRING, "Errors in log", Severity.ERROR),),
        ),
    )


def _severity(value: Json) -> Severity | None:
    return _SEVERITIES.get(filled(value).lower().removeprefix("sev").strip())


def _of_resource(resource: str) -> dict[str, str]:
    """What the path of a resource tells: `/subscriptions/…/resourceGroups/…/providers/…/…/name`."""
    parts = resource.strip("/").split("/")
    known = {name.lower(): text for name, text in zip(parts[::2], parts[1::2], strict=False)}
    return all_filled(
        {
            "subscription": known.get("subscriptions"),
            "resource_group": known.get("resourcegroups"),
            "resource": parts[-1],
        }
    )


def _conditions(context: dict[str, Json]) -> tuple[dict[str, str], dict[str, str]]:
    """Labels and annotations of what was measured; of several conditions the first counts."""
    labels: dict[str, str] = {}
    conditions = objects_at(object_at(context, "condition").get("allOf")) or [object_at(context, "condition")]
    for each in conditions:
        found = all_filled({"metric": each.get("metricName"), "namespace": each.get("metricNamespace")})
        labels = {**named(each.get("dimensions")), **found, **labels}
    first_of_all = conditions[0]
    names = ("metricValue", "operator", "threshold", "timeAggregation", "searchQuery")
    return labels, all_filled({name: first_of_all.get(name) for name in names})


def _common(essentials: dict[str, Json], data: dict[str, Json], received: Received) -> ParsedAlert:
    context = object_at(data, "alertContext")
    labels, measured = _conditions(context)
    targets, items = essentials.get("alertTargetIDs"), essentials.get("configurationItems")
    target = filled(targets[0]) if isinstance(targets, list) and targets else ""
    item = filled(items[0]) if isinstance(items, list) and items else ""
    rule = said(essentials, "alertRule", "description") or "Alert"
    key = said(essentials, "alertId", "originAlertId") or identity(said(essentials, "alertRule"), target)
    if not key:
        raise nothing_to_tell("Azure Monitor")
    status = _STATUSES.get(said(essentials, "monitorCondition").lower(), AlertStatus.FIRING)
    found = next(iter(objects_at(object_at(context, "condition").get("allOf"))), {})
    own = {**all_filled(context.get("properties")), **all_filled(data.get("customProperties"))}
    return ParsedAlert(
        dedup_key=key,
        title=rule,
        status=status,
        severity=_severity(essentials.get("severity")),
        description=said(essentials, "description"),
        labels={
            **labels,
            **own,
            **_of_resource(target),
            **all_filled(
                {
                    "rule": rule,
                    "monitoring_service": essentials.get("monitoringService"),
                    "signal_type": essentials.get("signalType"),
                    **({"resource": item} if item else {}),
                }
            ),
        },
        annotations=measured,
        links=links_of(
            ("Portal", f"https://portal.azure.com/#resource{target}" if target.startswith("/subscriptions/") else ""),
            ("Search results", found.get("linkToSearchResultsUI")),
            ("Investigate", essentials.get("investigationLink")),
        ),
        resolves_after=_NEVER_RESOLVED if _is_of_the_activity_log(essentials) else None,
        started_at=received.moment(essentials.get("firedDateTime")),
        ended_at=received.moment(essentials.get("resolvedDateTime")) if status is AlertStatus.RESOLVED else None,
    )


def _is_of_the_activity_log(essentials: dict[str, Json]) -> bool:
    kinds = (said(essentials, "signalType").lower(), said(essentials, "monitoringService").lower())
    return any(kind.partition(" - ")[0] in _OF_THE_ACTIVITY_LOG for kind in kinds)


def _older(told: dict[str, Json], context: dict[str, Json], received: Received) -> ParsedAlert:
    """Classic alerts, metric alerts of version 2.0 and the activity log, which never resolves."""
    status = _STATUSES.get(as_text(told.get("status")).lower(), AlertStatus.FIRING)
    operation = said(context, "operationName")
    resource = said(context, "resourceId")
    # An entry of the activity log is an alert of its own; all events of one operation share its correlation.
    key = identity(context.get("correlationId") if operation else context.get("id"), resource)
    name = said(context, "name") or operation or said(context, "description")
    if not (key or name):
        raise nothing_to_tell("Azure Monitor")
    labels, measured = _conditions(context)
    at = received.moment(context.get("timestamp") or context.get("eventTimestamp"))
    return ParsedAlert(
        dedup_key=key or name,
        title=name or "Alert",
        status=status,
        severity=_severity(context.get("severity")),
        description=said(context, "description"),
        labels={
            **labels,
            **all_filled(told.get("properties")),
            **_of_resource(resource),
            **all_filled(
                {"rule": name, "resource_type": context.get("resourceType"), "region": context.get("resourceRegion")}
            ),
        },
        annotations=measured,
        links=links_of(("Portal", context.get("portalLink"))),
        resolves_after=_NEVER_RESOLVED if operation else None,
        started_at=at if status is AlertStatus.FIRING else None,
        ended_at=at if status is AlertStatus.RESOLVED else None,
    )


def _log_search(data: dict[str, Json], received: Received) -> ParsedAlert:
    """Log search alerts before the common schema: each message is a finding, none tells that it is over."""
    rule = said(data, "AlertRuleName")
    return ParsedAlert(
        dedup_key=identity(data.get("SubscriptionId"), rule),
        title=rule,
        severity=_severity(data.get("Severity")),
        description=said(data, "Description"),
        labels=all_filled(
            {"rule": rule, "subscription": data.get("SubscriptionId"), "alert_type": data.get("AlertType")}
        ),
        annotations=all_filled({"search_query": data.get("SearchQuery"), "result_count": data.get("ResultCount")}),
        links=links_of(("Search results", data.get("LinkToSearchResults"))),
        resolves_after=_NEVER_RESOLVED,
        started_at=received.moment(data.get("SearchIntervalEndtimeUtc")),
    )


SOURCE = AzureMonitor()
