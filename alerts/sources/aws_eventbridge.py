"""Amazon EventBridge: CloudWatch alarms, findings and health events, sent by a rule to an API destination.

Format: AWS documentation, "CloudWatch alarm events and EventBridge" and "AWS events"; the events of other services
share only the envelope, so that of those only what many have is read.
"""

from datetime import timedelta

from alerts.models import AlertStatus
from alerts.parsing.cloudwatch import STATES_TEXT, STATUSES, console_links, metric_labels, region_of, severity_in
from alerts.parsing.fields import all_filled, filled, identity, nothing_to_tell, object_at, objects_at, said
from alerts.parsing.mend import Unreadable
from alerts.parsing.source import (
    Example,
    Expected,
    Ignored,
    Json,
    ParsedAlert,
    Received,
    Source,
    as_text,
    as_texts,
    expect_object,
    severity_of,
)
from incidents.models import Severity

_OF_HEALTH = frozenset({"open", "upcoming", "closed"})
_NEVER_RESOLVED = timedelta(days=1)  # GuardDuty, for one, tells of what goes on every six hours
_ALARM = "arn:aws:cloudwatch:eu-north-1:555000111222:alarm:disk-queue"


def _example(state: str, time: str) -> dict[str, Json]:
    return {
        "version": "0",
        "id": f"7d1a0000-0000-4000-8000-0000000{time[14:16]}000",
        "detail-type": "CloudWatch Alarm State Change",
        "source": "aws.cloudwatch",
        "account": "555000111222",
        "time": time,
        "region": "eu-north-1",
        "resources": [_ALARM],
        "detail": {
            "alarmName": "disk-queue",
            "configuration": {"description": "The disk cannot keep up", "metrics": []},
            "previousState": {"value": "OK"},
            "state": {"value": state, "reason": f"Now {state}.", "timestamp": time.replace("Z", ".120+0000")},
        },
    }


class EventBridge(Source):
    slug = "aws_eventbridge"
    label = "Amazon EventBridge"
    group_text = "By alarm, or by what the event is about: each is a group of its own."
    set_up = f"""\
1. **EventBridge → API destinations → Create**: endpoint `{{base_url}}/integrations/aws_eventbridge/`, method `POST`,
   with a new connection of type *API key*: name `Authorization`, value `Bearer {{key}}`.
2. **Rules → Create rule**, target: that API destination, input: *Matched event* (no input transformer), and this
   pattern:

```text
{{"source": ["aws.cloudwatch"], "detail-type": ["CloudWatch Alarm State Change"]}}
```

{STATES_TEXT}

You may let other events come, too. But for those of AWS Health none tells that it is over: here they are a day after
they came last, unless the integration's `resolve_after` says otherwise.
"""

    def parse(self, received: Received) -> list[ParsedAlert]:
        """One alert; none for a change of an alarm's configuration."""
        body = expect_object(received.json())
        kind = said(body, "detail-type")
        detail = object_at(body, "detail")
        if not kind or not detail:
            raise Unreadable(
                "unexpected_shape",
                "The body is no event of EventBridge. Let the rule send the whole event, without an input transformer.",
            )
        if kind == "CloudWatch Alarm Configuration Change":
            raise Ignored("configuration_change", "An alarm was created, changed or deleted: nothing fires.")
        if filled(object_at(detail, "state").get("value")):
            return [_alarm(body, detail, received)]
        return [_other(body, kind, detail, received)]

    examples = (
        Example(
            "firing",
            _example("ALARM", "2026-03-01T10:05:00Z"),
            (Expected(AlertStatus.FIRING, "disk-queue", None, _ALARM),),
        ),
        Example(
            "resolved",
            _example("OK", "2026-03-01T10:25:00Z"),
            (Expected(AlertStatus.RESOLVED, "disk-queue", None, _ALARM),),
        ),
        Example(
            "finding",
            {
                "id": "7d1a0000-0000-4000-8000-000000000009",
                "detail-type": "GuardDuty Finding",
                "source": "aws.guardduty",
                "account": "555000111222",
                "time": "2026-03-01T11:00:00Z",
                "region": "eu-north-1",
                "resources": [],
                "detail": {
                    "id": "f1nd1ng",
                    "title": "Unusual sign-in",
                    "severity": 7.5,
                    "description": "At night",
                },
            },
            (Expected(AlertStatus.FIRING, "Unusual sign-in", Severity.ERROR),),
        ),
    )


def _arns(body: dict[str, Json]) -> list[str]:
    given = body.get("resources")
    return [text for each in given if (text := filled(each))] if isinstance(given, list) else []


def _common(body: dict[str, Json]) -> dict[str, str]:
    return all_filled({"account": body.get("account"), "region": body.get("region"), "source": body.get("source")})


def _alarm(body: dict[str, Json], detail: dict[str, Json], received: Received) -> ParsedAlert:
    state = object_at(detail, "state")
    word = said(state, "value").upper()
    status = STATUSES.get(word, AlertStatus.FIRING)
    name = said(detail, "alarmName")
    arn = next(iter(_arns(body)), "")
    region = said(body, "region") or region_of(arn)
    at = received.moment(state.get("timestamp") or body.get("time"))
    about = object_at(detail, "configuration")
    key = arn or identity(body.get("account"), region, name)
    if not key:
        raise nothing_to_tell("CloudWatch")
    return ParsedAlert(
        dedup_key=key,
        title=name,
        status=status,
        severity=severity_in(word),
        description="\n".join(filter(None, (said(about, "description"), said(state, "reason")))),
        labels={**metric_labels(about.get("metrics")), **_common(body), **all_filled({"alarm": name})},
        annotations=all_filled(
            {"reason_data": state.get("reasonData"), "previous_state": object_at(detail, "previousState").get("value")}
        ),
        links=console_links(region, name),
        started_at=at if status is AlertStatus.FIRING else None,
        ended_at=at if status is AlertStatus.RESOLVED else None,
    )


def _other(body: dict[str, Json], kind: str, detail: dict[str, Json], received: Received) -> ParsedAlert:
    """Health events say that they are over; nothing else that is known does."""
    health = said(detail, "statusCode").lower()
    is_over = health == "closed"
    told = [said(each, "latestDescription") for each in objects_at(detail, "eventDescription")]
    arns = _arns(body)
    # Without any identity of its own the event's number must do: to share a kind is not to be the same.
    of_its_own = said(detail, "eventArn", "id", "arn") or (identity(kind, *arns) if arns else said(body, "id"))
    if not of_its_own:
        raise nothing_to_tell("EventBridge")
    at = received.moment(body.get("time"))
    return ParsedAlert(
        dedup_key=identity(body.get("source"), of_its_own),
        title=said(detail, "title", "eventTypeCode") or kind,
        status=AlertStatus.RESOLVED if is_over else AlertStatus.FIRING,
        severity=_severity(detail.get("severity")),
        description=said(detail, "description", "message") or "\n".join(told),
        labels={
            **_common(body),
            **all_filled({"kind": kind, "service": detail.get("service"), "resource": next(iter(arns), "")}),
        },
        annotations=as_texts(detail),
        resolves_after=None if health in _OF_HEALTH else _NEVER_RESOLVED,
        started_at=None if is_over else at,
        ended_at=at if is_over else None,
    )


def _severity(value: Json) -> Severity | None:
    """GuardDuty's numbers, from 1 to 10, or a word."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        return severity_of(as_text(value))
    for least, severity in ((9, Severity.CRITICAL), (7, Severity.ERROR), (4, Severity.WARNING)):
        if value >= least:
            return severity
    return Severity.INFO


SOURCE = EventBridge()
