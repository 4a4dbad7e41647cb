"""Nagios Core and XI, by a notification command.

Format: Nagios has none of its own; the fields are those of its documentation, "Standard Macros in Nagios", by the names
of the command below, by the names of the macros, or by those of its environment (`NAGIOS_HOSTNAME`).
"""

from alerts.models import AlertStatus
from alerts.parsing import check_states
from alerts.parsing.bodies import fields_of
from alerts.parsing.fields import flattened, key_of_content, labels_at, said, text_at
from alerts.parsing.source import Example, Expected, ParsedAlert, Received, Source, links_of
from incidents.models import Severity


class Nagios(Source):
    slug = "nagios"
    label = "Nagios"
    group_text = "Not at all: each problem of a host or a service is a group of its own."
    set_up = """\
Two commands, which a contact then names:

```text
define command {
  command_name notify-host-by-tocsin
  command_line /usr/bin/curl -sS --max-time 20 -H "Authorization: Bearer {key}" \\
    --data-urlencode "notification_type=$NOTIFICATIONTYPE$" --data-urlencode "host_name=$HOSTNAME$" \\
    --data-urlencode "host_address=$HOSTADDRESS$" --data-urlencode "host_state=$HOSTSTATE$" \\
    --data-urlencode "host_output=$HOSTOUTPUT$" --data-urlencode "since=$LASTHOSTSTATECHANGE$" \\
    --data-urlencode "groups=$HOSTGROUPNAMES$" --data-urlencode "notes_url=$HOSTNOTESURL$" \\
    {base_url}/integrations/nagios/
}
define command {
  command_name notify-service-by-tocsin
  command_line /usr/bin/curl -sS --max-time 20 -H "Authorization: Bearer {key}" \\
    --data-urlencode "notification_type=$NOTIFICATIONTYPE$" --data-urlencode "host_name=$HOSTNAME$" \\
    --data-urlencode "host_address=$HOSTADDRESS$" --data-urlencode "service_description=$SERVICEDESC$" \\
    --data-urlencode "service_state=$SERVICESTATE$" --data-urlencode "service_output=$SERVICEOUTPUT$" \\
    --data-urlencode "since=$LASTSERVICESTATECHANGE$" --data-urlencode "groups=$HOSTGROUPNAMES$" \\
    --data-urlencode "notes_url=$SERVICENOTESURL$" {base_url}/integrations/nagios/
}
define contact {
  contact_name tocsin
  host_notification_commands notify-host-by-tocsin
  service_notification_commands notify-service-by-tocsin
  host_notification_options d,u,r
  service_notification_options w,u,c,r
  host_notification_period 24x7
  service_notification_period 24x7
}
```

Add no macro that people write freely, such as `$NOTIFICATIONCOMMENT$`: Nagios passes it to the shell as it is.
"""

    def parse(self, received: Received) -> list[ParsedAlert]:
        """One alert."""
        given = flattened(fields_of(received))
        fields = {name.removeprefix("nagios"): value for name, value in given.items()}
        host = said(fields, "hostname", "host")
        service = said(fields, "servicedescription", "servicedesc", "service")
        of = "service" if service else "host"
        state = said(fields, f"{of}state", "state")
        status = check_states.status_of(said(fields, "notificationtype", "type"), state)
        shown = " / ".join(filter(None, (host or text_at(fields, "hostname", "host"), service)))
        since = received.moment(said(fields, "since", f"last{of}statechange"))
        return [
            ParsedAlert(
                dedup_key="/".join(filter(None, (host, service))) if host else key_of_content(fields),
                title=check_states.title_of(shown or "A check", state),
                status=status,
                severity=check_states.SEVERITIES.get(state.upper()),
                description="\n".join(
                    filter(None, (said(fields, f"{of}output", "output"), said(fields, f"long{of}output", "longoutput")))
                ),
                labels={
                    **labels_at(fields, {"host": "hostname", "address": "hostaddress", "hostgroups": "groups"}),
                    **({"host": host} if host else {}),
                    **({"service": service} if service else {}),
                },
                annotations=labels_at(fields, {"author": "notificationauthor", "comment": "comment"})
                | labels_at(fields, {"comment": "notificationcomment"}),
                links=links_of(("Notes", fields.get("notesurl")), ("Actions", fields.get("actionurl"))),
                started_at=since if status is AlertStatus.FIRING else None,
                ended_at=since if status is AlertStatus.RESOLVED else None,
            )
        ]

    examples = (
        Example(
            "firing",
            {"notification_type": "PROBLEM", "host_name": "mail-2", "host_address": "192.0.2.40",
             "service_description": "Queue length", "service_state": "WARNING", "service_output": "1,204 mails wait",
             "since": "1772359200"},
            (Expected(AlertStatus.FIRING, "mail-2 / Queue length is WARNING", Severity.WARNING,
                      "mail-2/Queue length"),),
        ),
        Example(
            "acknowledged",
            {"notification_type": "ACKNOWLEDGEMENT", "host_name": "mail-2", "service_description": "Queue length",
             "service_state": "WARNING", "comment": "I look"},
            (Expected(AlertStatus.ACKNOWLEDGED, "mail-2 / Queue length is WARNING", Severity.WARNING,
                      "mail-2/Queue length"),),
        ),
        Example(
            "resolved",
            {"notification_type": "RECOVERY", "host_name": "mail-2", "service_description": "Queue length",
             "service_state": "OK", "service_output": "3 mails wait", "since": "1772362800"},
            (Expected(AlertStatus.RESOLVED, "mail-2 / Queue length is OK", Severity.INFO, "mail-2/Queue length"),),
        ),
        Example(
            "host_as_form",
            "notification_type=PROBLEM&host_name=mail-2&host_state=DOWN&host_output=No+answer&comment=%24COMMENT%24",
            (Expected(AlertStatus.FIRING, "mail-2 is DOWN", Severity.CRITICAL, "mail-2"),),
            content_type="application/x-www-form-urlencoded",
        ),
        Example(
            "by_its_environment",
            {"NAGIOS_NOTIFICATIONTYPE": "PROBLEM", "NAGIOS_HOSTNAME": "mail-2", "NAGIOS_HOSTSTATE": "UNREACHABLE"},
            (Expected(AlertStatus.FIRING, "mail-2 is UNREACHABLE", Severity.ERROR, "mail-2"),),
        ),
    )  # fmt: skip


SOURCE = Nagios()
