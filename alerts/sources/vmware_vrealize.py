"""VMware Aria Operations, once vRealize Operations, by its REST notification plug-in.

Format: VMware's documentation, "Add a REST plug-in for outbound alerts", JSON.
"""

from alerts.models import AlertStatus
from alerts.parsing.fields import all_filled, nothing_to_tell, said
from alerts.parsing.source import Example, Expected, Json, ParsedAlert, Received, Source, expect_object, severity_of
from incidents.models import Severity

_OVER = frozenset({"CANCELED", "CANCELLED", "INACTIVE", "CLOSED"})
_PREFIX = "ALERT_CRITICALITY_LEVEL_"
_SEVERITIES = {"IMMEDIATE": Severity.ERROR}


def _example(status: str) -> dict[str, Json]:
    return {
        "alertId": "a1e27000-0000-4000-8000-000000000001",
        "alertName": "Datastore runs out of space",
        "status": status,
        "criticality": "ALERT_CRITICALITY_LEVEL_IMMEDIATE",
        "type": "ALERT_TYPE_APPLICATION_PROBLEM",
        "subType": "ALERT_SUBTYPE_CAPACITY_PROBLEM",
        "resourceId": "4e5",
        "resourceName": "datastore-7",
        "resourceKind": "Datastore",
        "adapterKind": "VMWARE",
        "startDate": 1772359200000,
        "updateDate": 1772359260000,
        "cancelDate": 1772361000000,
        "info": "3 % are free",
    }


class VmwareVrealize(Source):
    slug = "vmware_vrealize"
    label = "VMware Aria Operations (vRealize)"
    group_text = "By alert, as Aria Operations numbers them: each is a group of its own."
    set_up = """\
In **Administration → Outbound Settings → Add**:

- Plug-in type: `Rest Notification Plugin`
- URL: `{url}`
- Content type: `application/json`
- User name and password: leave them empty

Then in **Alerts → Notification Settings**, add a rule with this plug-in as its method, that also notifies when alerts
are updated and canceled.
"""

    def parse(self, received: Received) -> list[ParsedAlert]:
        """One alert."""
        body = expect_object(received.json())
        key = said(body, "alertId")
        if not key:
            raise nothing_to_tell("Aria Operations")
        # `cancelDate` is filled in also while an alert is active: only the status tells.
        is_over = said(body, "status").upper() in _OVER
        word = said(body, "criticality").upper().removeprefix(_PREFIX)
        name = " on ".join(filter(None, (said(body, "alertName"), said(body, "resourceName"))))
        return [
            ParsedAlert(
                dedup_key=key,
                title=name or f"Alert {key}",
                status=AlertStatus.RESOLVED if is_over else AlertStatus.FIRING,
                severity=_SEVERITIES.get(word) or severity_of(word),
                description=said(body, "info"),
                labels=all_filled(
                    {
                        "alert": body.get("alertName"),
                        "resource": body.get("resourceName"),
                        "resource_kind": body.get("resourceKind"),
                        "adapter_kind": body.get("adapterKind"),
                        "type": said(body, "type").removeprefix("ALERT_TYPE_"),
                        "subtype": said(body, "subType").removeprefix("ALERT_SUBTYPE_"),
                    }
                ),
                annotations=all_filled(
                    {
                        "resource_id": body.get("resourceId"),
                        "health": body.get("Health"),
                        "risk": body.get("Risk"),
                        "efficiency": body.get("Efficiency"),
                    }
                ),
                started_at=received.moment(body.get("startDate")),
                ended_at=received.moment(body.get("cancelDate") or body.get("updateDate")) if is_over else None,
            )
        ]

    examples = (
        Example(
            "firing",
            _example("ACTIVE"),
            (
                Expected(
                    AlertStatus.FIRING,
                    "Datastore runs out of space on datastore-7",
                    Severity.ERROR,
                    "a1e27000-0000-4000-8000-000000000001",
                ),
            ),
        ),
        Example(
            "resolved",
            _example("CANCELED"),
            (
                Expected(
                    AlertStatus.RESOLVED,
                    "Datastore runs out of space on datastore-7",
                    Severity.ERROR,
                    "a1e27000-0000-4000-8000-000000000001",
                ),
            ),
        ),
    )


SOURCE = VmwareVrealize()
