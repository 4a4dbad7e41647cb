"""Zabbix, by a media type of the kind webhook.

Format: Zabbix's documentation, "Webhook media type" and "Supported macros". The parameters below are sent as they are;
those of older scripts (`EVENT.ID`, or `alert_uid` and `state`, or `trigger` and `link`) are read too. A recovery
carries the id of the problem that it ends.
"""

from alerts.models import AlertStatus
from alerts.parsing.bodies import fields_of
from alerts.parsing.fields import flattened, in_query, key_of_content, labels_at, said, text_at
from alerts.parsing.mend import Unreadable, read_json
from alerts.parsing.source import Example, Expected, Json, ParsedAlert, Received, Source, links_of, severity_of
from incidents.models import Severity

_BY_NUMBER = {"1": Severity.INFO, "2": Severity.WARNING, "3": Severity.ERROR, "4": Severity.ERROR,
              "5": Severity.CRITICAL}  # fmt: skip
_TITLE = ("eventname", "title", "trigger", "triggername", "alertsubject")
_DESCRIPTION = ("alertmessage", "message", "eventopdata", "item", "triggerdescription")


class Zabbix(Source):
    slug = "zabbix"
    label = "Zabbix"
    group_text = "Not at all: each problem is a group of its own."
    set_up = """\
In Zabbix (6.0 or newer) under **Alerts → Media types → Create media type**, type `Webhook`, with these parameters:

```text
event_id                  {EVENT.ID}
event_name                {EVENT.NAME}
event_value               {EVENT.VALUE}
event_severity            {EVENT.SEVERITY}
event_nseverity           {EVENT.NSEVERITY}
event_update_status       {EVENT.UPDATE.STATUS}
event_ack_status          {EVENT.ACK.STATUS}
event_timestamp           {EVENT.TIMESTAMP}
event_recovery_timestamp  {EVENT.RECOVERY.TIMESTAMP}
event_tags_json           {EVENT.TAGSJSON}
event_opdata              {EVENT.OPDATA}
host_name                 {HOST.NAME}
host_ip                   {HOST.IP}
trigger_id                {TRIGGER.ID}
trigger_url               {TRIGGER.URL}
alert_message             {ALERT.MESSAGE}
zabbix_url                {$ZABBIX.URL}
```

and this script:

```text
var request = new HttpRequest();
request.addHeader('Content-Type: application/json');
request.addHeader('Authorization: Bearer {key}');
var answer = request.post('{base_url}/integrations/zabbix/', value);
if (request.getStatus() >= 300) { throw 'Tocsin answered ' + request.getStatus() + ': ' + answer; }
return 'OK';
```

Add a message template for *Problem*, *Problem recovery* and *Problem update*, give the media type to a user, and name
it in an action with recovery and update operations.
"""

    def parse(self, received: Received) -> list[ParsedAlert]:
        """One alert."""
        fields = flattened(fields_of(received))
        status = _status(fields)
        host = said(fields, "hostname", "host")
        name = said(fields, *_TITLE)
        started, ended = said(fields, "eventtimestamp"), said(fields, "eventrecoverytimestamp")
        return [
            ParsedAlert(
                dedup_key=_identity(fields, host, name),
                title=name or text_at(fields, *_TITLE) or "A problem in Zabbix",
                status=status,
                severity=_BY_NUMBER.get(said(fields, "eventnseverity"))
                or severity_of(said(fields, "eventseverity", "severity")),
                description=said(fields, *_DESCRIPTION),
                labels={
                    **_tags(fields),
                    **labels_at(fields, {"ip": "hostip", "hostgroups": "hostgroups", "trigger": "triggerid"}),
                    **({"host": host} if host else {}),
                },
                annotations=labels_at(
                    fields,
                    {
                        "item": "itemname",
                        "value": "itemvalue",
                        "operational_data": "eventopdata",
                        "updated": "eventupdateaction",
                    },
                ),
                links=links_of(
                    ("Zabbix", fields.get("link") or fields.get("linktoupstreamdetails") or _event_page(fields)),
                    ("Trigger", fields.get("triggerurl")),
                    ("Image", fields.get("imageurl")),
                ),
                started_at=received.moment(started) if status is AlertStatus.FIRING else None,
                ended_at=received.moment(ended) if status is AlertStatus.RESOLVED else None,
            )
        ]

    examples = (
        Example(
            "firing",
            {
                "event_id": "90417",
                "event_name": "Free disk space is less than 5% on volume /srv",
                "event_value": "1",
                "event_severity": "High",
                "event_nseverity": "4",
                "event_update_status": "0",
                "event_timestamp": "1772359200",
                "event_recovery_timestamp": "{EVENT.RECOVERY.TIMESTAMP}",
                "event_tags_json": '[{"tag":"service","value":"billing"}]',
                "host_name": "store-3",
                "trigger_id": "22017",
                "zabbix_url": "https://zabbix.example.net",
            },
            (
                Expected(
                    AlertStatus.FIRING, "Free disk space is less than 5% on volume /srv", Severity.ERROR, "90417"
                ),
            ),
        ),
        Example(
            "acknowledged",
            {"event_id": "90417", "event_name": "Disk", "event_value": "1", "event_update_status": "1",
             "event_ack_status": "Yes", "event_severity": "High"},
            (Expected(AlertStatus.ACKNOWLEDGED, "Disk", Severity.ERROR, "90417"),),
        ),
        Example(
            "resolved",
            {"event_id": "90417", "event_name": "Free disk space is less than 5% on volume /srv", "event_value": "0",
             "event_recovery_timestamp": "1772362800"},
            (Expected(AlertStatus.RESOLVED, "Free disk space is less than 5% on volume /srv", None, "90417"),),
        ),
        Example(
            "unexpanded_macros",
            {"EVENT.ID": "{EVENT.ID}", "EVENT.NAME": "{EVENT.NAME}", "EVENT.VALUE": "{EVENT.VALUE}"},
            (Expected(AlertStatus.FIRING, "{EVENT.NAME}"),),
        ),
    )  # fmt: skip


def _status(fields: dict[str, Json]) -> AlertStatus:
    word = said(fields, "eventstatus", "status", "state").lower()
    if said(fields, "eventvalue") == "0" or word in ("resolved", "ok"):
        return AlertStatus.RESOLVED
    is_update = said(fields, "eventupdatestatus") == "1"
    is_taken = is_update and said(fields, "eventackstatus").lower() in ("yes", "1")
    return AlertStatus.ACKNOWLEDGED if is_taken else AlertStatus.FIRING


def _identity(fields: dict[str, Json], host: str, name: str) -> str:
    link = said(fields, "link")
    event = said(fields, "eventid", "alertuid") or in_query(link, "eventid")
    if event:
        return event
    trigger = said(fields, "triggerid") or in_query(link, "triggerid") or name
    return f"{host}/{trigger}" if trigger else key_of_content(fields)


def _event_page(fields: dict[str, Json]) -> str:
    base, trigger, event = (said(fields, name) for name in ("zabbixurl", "triggerid", "eventid"))
    return f"{base.rstrip('/')}/tr_events.php?triggerid={trigger}&eventid={event}" if base and event else ""


def _tags(fields: dict[str, Json]) -> dict[str, str]:
    """Of `[{"tag": "a", "value": "b"}]`, else of `a:b, c:d`."""
    text = said(fields, "eventtagsjson")
    try:
        given = read_json(text.encode()).value if text else []
    except Unreadable:
        given = []
    if not isinstance(given, list) or not given:
        pairs = [each.split(":", 1) for each in said(fields, "eventtags").split(",") if ":" in each]
        given = [{"tag": name.strip(), "value": value} for name, value in pairs]
    tags = [each for each in given if isinstance(each, dict)]
    return {name: said(tag, "value") for tag in tags if (name := said(tag, "tag"))}


SOURCE = Zabbix()
