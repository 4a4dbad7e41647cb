"""Amazon CloudWatch alarms, and any other message, by a subscription of an Amazon SNS topic.

Format: AWS documentation, "Amazon SNS message and JSON formats" and "CloudWatch alarm notifications". SNS says that its
JSON is plain text; with raw delivery the message comes without its envelope.
"""

from datetime import timedelta

import orjson

from alerts.models import AlertStatus
from alerts.parsing.cloudwatch import STATES_TEXT, STATUSES, console_links, metric_labels, region_of, severity_in
from alerts.parsing.fields import all_filled, identity, named, object_at, said
from alerts.parsing.mend import Unreadable
from alerts.parsing.sns import SIGNED_TOPIC
from alerts.parsing.source import (
    Example,
    Expected,
    Ignored,
    Json,
    ParsedAlert,
    Received,
    Source,
    as_text,
    expect_object,
)
from incidents.models import Severity

_NEVER_RESOLVED = timedelta(days=1)  # of what is no alarm: its number never comes again
_TOPIC = "arn:aws:sns:eu-central-1:210987654321:night-watch"


def _notification(message: Json, subject: str = "", number: int = 1) -> dict[str, Json]:
    """An envelope of the shape SNS posts, for the examples."""
    return {
        "Type": "Notification",
        "MessageId": f"0c9d1f7e-0000-4000-8000-00000000000{number}",
        "TopicArn": _TOPIC,
        **({"Subject": subject} if subject else {}),
        "Message": message if isinstance(message, str) else orjson.dumps(message).decode(),
        "Timestamp": "2026-03-01T10:00:05.211Z",
        "SignatureVersion": "1",
    }


def _example(state: str) -> dict[str, Json]:
    return {
        "AlarmName": "orders-queue-age",
        "AlarmDescription": "Orders wait too long",
        "AWSAccountId": "210987654321",
        "NewStateValue": state,
        "NewStateReason": f"The alarm is now in {state}.",
        "StateChangeTime": "2026-03-01T10:00:04.120+0000",
        "Region": "EU (Frankfurt)",
        "AlarmArn": "arn:aws:cloudwatch:eu-central-1:210987654321:alarm:orders-queue-age",
        "Trigger": {
            "MetricName": "ApproximateAgeOfOldestMessage",
            "Namespace": "AWS/SQS",
            "Dimensions": [{"name": "QueueName", "value": "orders"}],
            "Threshold": 300.0,
        },
    }


class CloudWatchBySns(Source):
    slug = "aws_cloudwatch_sns"
    label = "Amazon CloudWatch (SNS)"
    authentication = SIGNED_TOPIC
    group_text = "By alarm: each is a group of its own; so is any other message of a topic."
    set_up = f"""\
Subscribe this address to the topic your alarms notify:

```text
aws sns subscribe --protocol https --notification-endpoint '{{url}}' \\
  --topic-arn arn:aws:sns:REGION:ACCOUNT:TOPIC
```

SNS then asks for confirmation. That is given by itself when Amazon's signature was checked, which needs this machine to
reach `https://sns.REGION.amazonaws.com`; where it cannot, open the address that stands as `SubscribeURL` among the
integration's events. Raw delivery works, too, but is not signed.

Name the topic under *In alarm* and under *OK* of each alarm, or nothing will ever resolve. Any other message of the
topic is over a day after it came, unless the integration's `resolve_after` says otherwise.

{STATES_TEXT}
"""

    def parse(self, received: Received) -> list[ParsedAlert]:
        """One alert; none for what SNS says about the subscription itself."""
        try:
            body = expect_object(received.json())
        except Unreadable:
            if "x-amz-sns-rawdelivery" not in received.headers:
                raise
            return [_plain(received.text(), received.headers.get("x-amz-sns-message-id", ""), {}, received)]
        kind = as_text(body.get("Type"))
        _refuse_control(kind, said(body, "TopicArn"))
        if kind != "Notification" and "AlarmName" in body:  # raw delivery
            return [_alarm(body, received.headers.get("x-amz-sns-topic-arn", ""), received)]
        if kind != "Notification" or "Message" not in body:
            raise Unreadable("unexpected_shape", "The body is neither a notification of SNS nor a CloudWatch alarm.")
        text = as_text(body["Message"])
        message = _as_object(text, received)
        if said(message, "AlarmName") and "NewStateValue" in message:
            return [_alarm(message, body.get("TopicArn"), received)]
        return [_plain(text, said(body, "MessageId"), body, received)]

    examples = (
        Example(
            "firing",
            _notification(_example("ALARM"), 'ALARM: "orders-queue-age" in EU (Frankfurt)'),
            (Expected(AlertStatus.FIRING, "orders-queue-age", None, "210987654321/eu-central-1/orders-queue-age"),),
            content_type="text/plain; charset=UTF-8",
        ),
        Example(
            "resolved",
            _notification(_example("OK"), 'OK: "orders-queue-age" in EU (Frankfurt)', 2),
            (Expected(AlertStatus.RESOLVED, "orders-queue-age", None, "210987654321/eu-central-1/orders-queue-age"),),
            content_type="text/plain; charset=UTF-8",
        ),
        Example(
            "insufficient_data",
            _notification(_example("INSUFFICIENT_DATA"), number=3),
            (Expected(AlertStatus.FIRING, "orders-queue-age", Severity.WARNING),),
            content_type="text/plain; charset=UTF-8",
        ),
        Example(
            "raw_delivery",
            _example("ALARM"),
            (Expected(AlertStatus.FIRING, "orders-queue-age", None, "210987654321/eu-central-1/orders-queue-age"),),
            content_type="text/plain; charset=UTF-8",
        ),
        Example(
            "plain_text",
            _notification("Budget exceeded\nBy 12 %", number=4),
            (Expected(AlertStatus.FIRING, "Budget exceeded", None, "0c9d1f7e-0000-4000-8000-000000000004"),),
            content_type="text/plain; charset=UTF-8",
        ),
    )


def _refuse_control(kind: str, topic: str) -> None:
    if kind == "SubscriptionConfirmation":
        raise Ignored(
            "subscription_confirmation",
            f"Amazon SNS asks whether {topic or 'its topic'} may send here. It is confirmed when its signature was"
            " checked. No alerts come before that.",
        )
    if kind == "UnsubscribeConfirmation":
        raise Ignored(
            "unsubscribe_confirmation",
            f"The topic {topic} no longer sends here. If that was not meant, open the address that this message gives"
            " as “SubscribeURL”: it restores the subscription.",
        )


def _as_object(text: str, received: Received) -> dict[str, Json]:
    """What a message is if it is a JSON object; empty for plain text."""
    if not text.lstrip().startswith("{"):
        return {}
    try:
        return object_at(Received(text.encode(), received.now).json())
    except Unreadable:
        return {}


def _alarm(alarm: dict[str, Json], topic: Json, received: Received) -> ParsedAlert:
    state = said(alarm, "NewStateValue").upper()
    status = STATUSES.get(state, AlertStatus.FIRING)
    name = as_text(alarm.get("AlarmName"))
    # `Region` is a name for people, which has changed before; the ARNs hold the code.
    region = region_of(alarm.get("AlarmArn"), topic)
    trigger = object_at(alarm, "Trigger")
    at = received.moment(alarm.get("StateChangeTime"))
    known = all_filled(
        {
            "alarm": name,
            "account": alarm.get("AWSAccountId"),
            "region": region or alarm.get("Region"),
            "namespace": trigger.get("Namespace"),
            "metric": trigger.get("MetricName"),
        }
    )
    details = {each: alarm.get(each) for each in ("OldStateValue", "NewStateReason", "AlarmRule", "TriggeringChildren")}
    return ParsedAlert(
        dedup_key=identity(alarm.get("AWSAccountId"), region or alarm.get("Region"), name),
        title=name,
        status=status,
        severity=severity_in(state),
        description="\n".join(filter(None, (said(alarm, "AlarmDescription"), as_text(details["NewStateReason"])))),
        labels={**metric_labels(trigger.get("Metrics")), **named(trigger.get("Dimensions")), **known},
        annotations=all_filled({**details, "Threshold": trigger.get("Threshold")}),
        links=console_links(region, name),
        started_at=at if status is AlertStatus.FIRING else None,
        ended_at=at if status is AlertStatus.RESOLVED else None,
    )


def _plain(text: str, number: str, body: dict[str, Json], received: Received) -> ParsedAlert:
    """Any text. It has no identity but the message's own: two of them may well tell of two things."""
    head, _, rest = text.strip().partition("\n")
    subject = said(body, "Subject")
    if not (head or subject):
        raise Unreadable("empty", "The message of SNS has neither a subject nor a text.")
    # The subject is short and often the same for all messages of a topic; the text tells what it is about.
    title = subject if subject and (head[:1] in "{[" or len(head) > 200) else head or subject
    topic = said(body, "TopicArn")
    return ParsedAlert(
        dedup_key=number or identity(topic, subject, text),
        title=f"{subject}: {title}" if subject and title != subject else title,
        description=rest.strip() if title == head else text,
        labels=all_filled({"topic": topic.rpartition(":")[2], "region": region_of(topic), "subject": subject}),
        resolves_after=_NEVER_RESOLVED,
        started_at=received.moment(body.get("Timestamp")),
    )


SOURCE = CloudWatchBySns()
