"""Icinga 2, by a notification command, or by an event command that sends host, service and check result.

Format: Icinga has none of its own; the fields are those of its documentation, "Runtime Macros" (`host.name`,
`service.state`, `notification.type`), as a form or as objects. Event commands tell of soft states too.
"""

from alerts.models import AlertStatus
from alerts.parsing import check_states
from alerts.parsing.bodies import fields_of
from alerts.parsing.fields import flattened, key_of_content, labels_at, said, text_at
from alerts.parsing.source import Example, Expected, Ignored, ParsedAlert, Received, Source, links_of
from incidents.models import Severity


class Icinga2(Source):
    slug = "icinga2"
    label = "Icinga 2"
    group_text = "Not at all: each problem of a host or a service is a group of its own."
    set_up = """\
A command for services; the one for hosts is the same without the lines of services:

```text
object NotificationCommand "tocsin-service" {
  command = [ "/usr/bin/curl", "-sS", "--max-time", "20", "-H", "Authorization: Bearer {key}",
              "{base_url}/integrations/icinga2/" ]
  arguments = {
    "--data-urlencode" = {
      repeat_key = true
      value = [
        "notification.type=$notification.type$",
        "notification.comment=$notification.comment$",
        "host.name=$host.name$",
        "host.display_name=$host.display_name$",
        "host.address=$host.address$",
        "host.state=$host.state$",
        "host.output=$host.output$",
        "host.last_state_change=$host.last_state_change$",
        "service.name=$service.name$",
        "service.display_name=$service.display_name$",
        "service.state=$service.state$",
        "service.output=$service.output$",
        "service.last_state_change=$service.last_state_change$"
      ]
    }
  }
}

object User "tocsin" {}

apply Notification "tocsin" to Service {
  command = "tocsin-service"
  users = [ "tocsin" ]
  types = [ Problem, Acknowledgement, Recovery ]
  assign where true
}
```
"""

    def parse(self, received: Received) -> list[ParsedAlert]:
        """One alert; none for a soft state."""
        fields = flattened(fields_of(received))
        if said(fields, "checkresultstatetype", "statetype").upper() in ("SOFT", "0"):
            raise Ignored("soft_state", "A soft state: Icinga checks again before it says so.")
        host, service = said(fields, "hostname"), said(fields, "servicename")
        of = "service" if service else "host"
        state = said(fields, f"{of}state", "checkresultstate")
        status = check_states.status_of(said(fields, "notificationtype"), state)
        if status is AlertStatus.FIRING and said(fields, f"{of}acknowledgement") in ("1", "2"):
            status = AlertStatus.ACKNOWLEDGED
        host_shown = said(fields, "hostdisplayname") or host or text_at(fields, "hostdisplayname", "hostname")
        service_shown = said(fields, "servicedisplayname") or service
        shown = " on ".join(filter(None, (service_shown, host_shown)))
        since = received.moment(said(fields, f"{of}laststatechange"))
        return [
            ParsedAlert(
                dedup_key="!".join(filter(None, (host, service))) if host else key_of_content(fields),
                title=check_states.title_of(shown or "A check", state),
                status=status,
                severity=check_states.SEVERITIES.get(state.upper()),
                description=said(fields, f"{of}output", "checkresultoutput"),
                labels=labels_at(
                    fields,
                    {
                        "host": "hostname",
                        "address": "hostaddress",
                        "service": "servicename",
                        "check_command": f"{of}checkcommand",
                        "zone": f"{of}zone",
                    },
                ),
                annotations=labels_at(fields, {"author": "notificationauthor", "comment": "notificationcomment"}),
                links=links_of(("Notes", fields.get(f"{of}notesurl")), ("Actions", fields.get(f"{of}actionurl"))),
                started_at=since if status is AlertStatus.FIRING else None,
                ended_at=since if status is AlertStatus.RESOLVED else None,
            )
        ]

    examples = (
        Example(
            "firing",
            "notification.type=PROBLEM&host.name=lb-1.example.net&host.display_name=lb-1&host.state=UP&service.name=tls"
            "&service.display_name=Certificate&service.state=CRITICAL&service.output=Ends+in+2+days"
            "&service.last_state_change=1772359200.218",
            (Expected(AlertStatus.FIRING, "Certificate on lb-1 is CRITICAL", Severity.CRITICAL,
                      "lb-1.example.net!tls"),),
            content_type="application/x-www-form-urlencoded",
        ),
        Example(
            "acknowledged",
            {"notification": {"type": "ACKNOWLEDGEMENT", "comment": "renewed"}, "host": {"name": "lb-1.example.net"},
             "service": {"name": "tls", "state": "CRITICAL"}},
            (Expected(AlertStatus.ACKNOWLEDGED, "tls on lb-1.example.net is CRITICAL", Severity.CRITICAL,
                      "lb-1.example.net!tls"),),
        ),
        Example(
            "resolved",
            {"host": {"name": "lb-1.example.net", "display_name": "lb-1"},
             "service": {"name": "tls", "display_name": "Certificate"},
             "check_result": {"state": "OK", "output": "Ends in 89 days", "state_type": "HARD"}},
            (Expected(AlertStatus.RESOLVED, "Certificate on lb-1 is OK", Severity.INFO, "lb-1.example.net!tls"),),
        ),
        Example(
            "host",
            {"host": {"name": "lb-1.example.net", "state": "DOWN"}, "service": {"name": "", "state": ""},
             "check_result": {"state_type": "HARD", "output": "No answer"}},
            (Expected(AlertStatus.FIRING, "lb-1.example.net is DOWN", Severity.CRITICAL, "lb-1.example.net"),),
        ),
    )  # fmt: skip


SOURCE = Icinga2()
