"""What sources take for no news, and what they take for the same alert, where their examples do not show it."""

from datetime import UTC, datetime
from typing import Any

import orjson
import pytest

from alerts.mend import Unreadable
from alerts.source import Ignored, ParsedAlert, Received, sources

KUMA = {"monitor": {"id": 3, "name": "Wiki"}, "msg": "x"}


def _read(slug: str, body: Any) -> ParsedAlert:
    source = sources.get(slug)
    assert source is not None
    (alert,) = source.parse(Received(orjson.dumps(body), datetime(2026, 3, 1, 10, tzinfo=UTC)))
    return alert


@pytest.mark.parametrize(
    ("slug", "body", "reason"),
    [
        ("nagios", {"notification_type": "FLAPPINGSTART", "host_name": "a", "host_state": "DOWN"}, "flapping"),
        ("nagios", {"notification_type": "DOWNTIMEEND", "host_name": "a", "host_state": "UP"}, "downtime"),
        ("checkmk", {"notification_type": "CUSTOM", "host": "a", "status": "DOWN"}, "custom"),
        ("icinga2", {"host": {"name": "a"}, "check_result": {"state": "DOWN", "state_type": "SOFT"}}, "soft_state"),
        ("prtg", {"sensorid": "1", "status": "Paused (by user)"}, "paused"),
        ("uptime_kuma", {**KUMA, "heartbeat": {"status": 2}}, "pending"),
        ("uptime_kuma", {**KUMA, "heartbeat": {"status": 3}}, "maintenance"),
        ("uptime_kuma", {"heartbeat": None, "monitor": None, "msg": "Tocsin Testing"}, "test"),
        ("uptimerobot", {"monitorID": "1", "alertType": "99"}, "paused_or_started"),
        ("pingdom", {"check_id": 1, "check_name": "a", "current_state": "PAUSED"}, "not_known_yet"),
        ("better_stack", {"event": "paused", "data": {"id": "1", "type": "monitor"}}, "no_incident"),
        ("better_stack", {"event": "commented", "data": {"id": "1", "type": "incident"}}, "no_change"),
        ("graylog", {"event_definition_id": "a", "event_definition_type": "test-dummy-v1"}, "test"),
        ("graylog", {"check_result": {"triggered": False}}, "not_triggered"),
        ("riemann", [], "no_alerts"),
    ],
)
def test_what_tells_of_no_alert_is_ignored_by_name(slug: str, body: Any, reason: str) -> None:
    with pytest.raises(Ignored) as told:
        _read(slug, body)

    assert told.value.reason == reason


@pytest.mark.parametrize(
    ("slug", "body"),
    [
        ("falco", {"output": "x", "priority": "Error", "hostname": "a"}),
        ("statuscake", {"Name": "Shop"}),
        ("healthchecks_io", {"code": "1"}),
        ("graylog", {"title": "x"}),
        ("uptime_kuma", {"heartbeat": {"status": "unheard of"}, "monitor": {"id": 1}}),
    ],
)
def test_what_lacks_the_one_field_that_tells_is_unreadable(slug: str, body: Any) -> None:
    with pytest.raises(Unreadable):
        _read(slug, body)


@pytest.mark.parametrize(
    ("slug", "one", "other"),
    [
        ("zabbix", {"event_id": "{EVENT.ID}", "event_name": "Disk"}, {"event_id": "{EVENT.ID}", "event_name": "CPU"}),
        ("nagios", {"host_name": "$HOSTNAME$", "host_output": "a"}, {"host_name": "$HOSTNAME$", "host_output": "b"}),
        ("icinga2", {"host.name": "$host.name$", "x": "a"}, {"host.name": "$host.name$", "x": "b"}),
        ("checkmk", {"host": "$HOSTNAME$", "output": "a"}, {"host": "$HOSTNAME$", "output": "b"}),
        ("prtg", {"sensorid": "%sensorid", "device": "a"}, {"sensorid": "%sensorid", "device": "b"}),
        ("librenms", {"device_id": "{{ $device_id }}", "title": "a"}, {"device_id": "{{ $device_id }}", "title": "b"}),
        ("uptimerobot", {"monitorID": "*monitorID*", "x": "a"}, {"monitorID": "*monitorID*", "x": "b"}),
        ("checkly", {"check_id": "{{CHECK_ID}}", "check_name": "a"}, {"check_id": "{{CHECK_ID}}", "check_name": "b"}),
        (
            "netdata",
            {"alert": "cpu", "message": "cpu is CRITICAL (a)"},
            {"alert": "cpu", "message": "cpu is CRITICAL (b)"},
        ),
        (
            "graylog",
            {"event_definition_id": "a", "event": {"key": "x"}},
            {"event_definition_id": "a", "event": {"key": "y"}},
        ),
        (
            "healthchecks_io",
            {"code": "$CODE", "name": "a", "status": "down"},
            {"code": "$CODE", "name": "b", "status": "down"},
        ),
    ],
    ids=lambda each: each if isinstance(each, str) else "",
)
def test_what_the_sender_left_out_does_not_make_two_alerts_one(slug: str, one: Any, other: Any) -> None:
    assert _read(slug, one).dedup_key != _read(slug, other).dedup_key


@pytest.mark.parametrize(
    ("slug", "one", "other"),
    [
        ("prtg", {"alert_uid": "12 3/1/2026", "title": "a"}, {"alert_uid": "12 3/2/2026", "title": "a", "state": "ok"}),
        ("prtg", {"sensorid": "12", "status": "Down"}, {"link": "http://prtg/sensor.htm?id=12", "status": "Up"}),
        ("zabbix", {"event_id": "9"}, {"link": "https://z/tr_events.php?triggerid=1&eventid=9", "status": "OK"}),
        ("nagios", {"host_name": "a", "service_description": "b"}, {"NAGIOS_HOSTNAME": "a", "NAGIOS_SERVICEDESC": "b"}),
        ("falco", {"rule": "a", "uuid": "1", "hostname": "n"}, {"rule": "a", "uuid": "2", "hostname": "n"}),
        ("netdata", {"alert": "cpu", "message": "cpu is WARNING (a)"}, {"alert": "cpu", "message": "cpu is clear (a)"}),
    ],
    ids=lambda each: each if isinstance(each, str) else "",
)  # fmt: skip
def test_the_same_thing_told_differently_is_one_alert(slug: str, one: Any, other: Any) -> None:
    assert _read(slug, one).dedup_key == _read(slug, other).dedup_key


def test_credentials_in_what_pingdom_checks_are_not_kept() -> None:
    asked = {"full_url": "https://me:secret@shop.example.net/", "header": "Authorization: secret", "hostname": "shop"}

    alert = _read("pingdom", {"check_id": 1, "check_name": "Shop", "current_state": "DOWN", "check_params": asked})

    assert [link.href for link in alert.links] == ["https://shop.example.net/"]
    assert "secret" not in str(alert)
