"""What Amazon CloudWatch says of an alarm, the same whether it comes by SNS or by EventBridge. Pure."""

import re
from urllib.parse import quote

from alerts.models import AlertStatus
from alerts.parsing.fields import filled, named, object_at, objects_at
from alerts.parsing.source import Json, Link, links_of
from incidents.models import Severity

STATUSES = {"ALARM": AlertStatus.FIRING, "OK": AlertStatus.RESOLVED, "INSUFFICIENT_DATA": AlertStatus.FIRING}
STATES_TEXT = """\
`ALARM` fires and `OK` resolves. `INSUFFICIENT_DATA` fires as a warning. CloudWatch knows no severity otherwise: let the
routes or the service decide."""
_REGION = re.compile(r"[a-z0-9-]{3,30}")


def severity_in(state: str) -> Severity | None:
    """That data are missing is a warning; of the rest CloudWatch does not say how bad it is."""
    return Severity.WARNING if state == "INSUFFICIENT_DATA" else None


def region_of(*arns: Json) -> str:
    """The region in the first of these ARNs that has one."""
    for arn in arns:
        parts = filled(arn).split(":")
        if len(parts) > 4 and parts[0] == "arn" and _REGION.fullmatch(parts[3]):
            return parts[3]
    return ""


def console_links(region: str, alarm: str) -> list[Link]:
    """The alarm in the vendor's console."""
    if not _REGION.fullmatch(region):
        return []
    home = f"https://{region}.console.aws.amazon.com/cloudwatch/home?region={region}"
    return links_of(("Alarm", f"{home}#alarmsV2:alarm/{quote(alarm, safe='')}"))


def metric_labels(metrics: Json) -> dict[str, str]:
    """Namespace, metric and dimensions of an alarm over several metrics; what comes first wins."""
    labels: dict[str, str] = {}
    for each in objects_at(metrics):
        stat = object_at(each, "metricStat.metric") or object_at(each, "MetricStat.Metric")
        found = {
            "namespace": filled(stat.get("namespace", stat.get("Namespace"))),
            "metric": filled(stat.get("name", stat.get("MetricName"))),
            **named(stat.get("dimensions", stat.get("Dimensions"))),
        }
        labels = {**{name: text for name, text in found.items() if text}, **labels}
    return labels
