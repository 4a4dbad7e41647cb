"""What sources take for the same alert, and what for another, where their examples do not show it."""

import copy
import re
from collections.abc import Iterator
from typing import Any

import pytest

from alerts.parsing.mend import Unreadable
from alerts.parsing.source import Ignored, Json, Source, sources
from tests.alerts.messages import github_run
from tests.alerts.parsing import parsed, the_one_parsed

WITHOUT_VALUES = [
    ("datadog", {"alert_title": "$EVENT_TITLE", "alert_cycle_key": "$ALERT_CYCLE_KEY", "alert_id": "$ALERT_ID"}),
    ("datadog", {"title": "[Triggered]", "org": {"name": "Shop"}, "id": "1"}),
    ("aws_eventbridge", {"detail-type": "Anything", "source": "own.service", "detail": {"a": 1}}),
    ("dynatrace", {"PID": "{PID}", "ProblemTitle": "{ProblemTitle}", "State": "{State}"}),
    ("coralogix", {"alert_id": "$ALERT_ID", "name": "$ALERT_NAME", "alert_action": "$ALERT_ACTION"}),
    ("appdynamics", {"event": {"displayName": "Event", "node": {"name": "${latestEvent.node.name}"}}}),
    ("solarwinds", {"alert_object_id": "${N=Alerting;M=AlertObjectID}", "alert_name": "${N=Alerting;M=AlertName}"}),
    ("new_relic", {"id": "{{ json issueId }}", "title": "{{ json annotations.title.[0] }}"}),
    ("splunk", {"search_name": "", "sid": None, "result": {}}),
]


@pytest.mark.parametrize(("slug", "body"), WITHOUT_VALUES, ids=[each[0] for each in WITHOUT_VALUES])
def test_what_nothing_can_be_known_by_is_kept_aside_and_not_one_alert_of_all(slug: str, body: Json) -> None:
    with pytest.raises(Unreadable) as trouble:
        parsed(slug, body)

    assert trouble.value.reason == "no_identity"


@pytest.mark.parametrize(
    ("slug", "one", "other"),
    [
        ("kibana", {"rule_name": "a", "alert_id": "{{alert.id}}"}, {"rule_name": "b", "alert_id": "{{alert.id}}"}),
        (
            "opensearch",
            {"monitor": {"id": "{{x}}", "name": "{{y}}"}, "message": "a"},
            {"monitor": {"id": "{{x}}", "name": "{{y}}"}, "message": "b"},
        ),
        ("elasticsearch_watcher", {"watch_id": "{{x}}", "title": "a"}, {"watch_id": "{{x}}", "title": "b"}),
        (
            "grafana_oncall_formatted_webhook",
            {"alert_uid": "$UID$", "title": "a"},
            {"alert_uid": "$UID$", "title": "b"},
        ),
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
    assert the_one_parsed(slug, one).dedup_key != the_one_parsed(slug, other).dedup_key


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
    assert the_one_parsed(slug, one).dedup_key == the_one_parsed(slug, other).dedup_key


def test_the_branch_of_a_fork_is_not_ours() -> None:
    (ours,), (theirs,) = parsed("github", github_run("failure")), parsed("github", github_run("success", fork=9))

    assert ours.dedup_key != theirs.dedup_key


def test_events_of_an_application_that_are_no_violations_are_told_apart() -> None:
    events = [
        {"eventType": kind, "displayName": name, "application": {"name": "Shop"}}
        for kind, name in (("DEADLOCK", "Deadlock"), ("APPLICATION_CRASH", "Crash"), ("DEADLOCK", "Deadlock"))
    ]

    keys = [parsed("appdynamics", {"event": event})[0].dedup_key for event in events]

    assert keys == ["Deadlock/Shop", "Crash/Shop", "Deadlock/Shop"]


def test_groups_of_a_datadog_monitor_are_alerts_of_their_own() -> None:
    keys = {
        parsed("datadog", {"alert_title": "Load", "alert_id": "7", "alert_scope": scope})[0].dedup_key
        for scope in ("host:a", "host:b")
    }

    assert keys == {"7/host:a", "7/host:b"}


# What a client of a drop-in API names is its own affair: it asks for the alert by that name again.
_NAMED_BY_CLIENTS = {"pagerduty", "opsgenie", "victorops", "goalert"}
# Where nothing else is left, the text itself is what an alert is known by.
_BY_TEXT = {
    ("email", "subject"),
    ("elastalert2", "message"),
    ("grafana_oncall_formatted_webhook", "message"),
}
_NO_WORDS = {"true", "false", "null", "none", "undefined", "$name$", "{event.id}"}


def _scalars(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, each in items:
        if isinstance(each, dict | list):
            yield from _scalars(each, (*path, name))
        elif isinstance(each, str | int | float):
            yield (*path, name)


def _with(body: Any, path: tuple[str | int, ...], value: Any) -> Any:
    changed = place = copy.deepcopy(body)
    for name in path[:-1]:
        place = place[name]
    place[path[-1]] = value
    return changed


def _keys(source: Source, body: Any) -> list[str]:
    try:
        return [alert.dedup_key for alert in parsed(source.slug, body)]
    except (Unreadable, Ignored):
        return []


@pytest.mark.parametrize(
    "source",
    [each for slug, each in sources.all().items() if slug not in _NAMED_BY_CLIENTS],
    ids=lambda source: source.slug,
)
@pytest.mark.parametrize("nothing", ["null", "undefined", "$NAME$", "{EVENT.ID}"])
def test_what_says_nothing_is_no_part_of_an_identity(source: Source, nothing: str) -> None:
    bodies = [example.body for example in source.examples if isinstance(example.body, dict)]

    made = {
        (path, key)
        for body in bodies
        for path in _scalars(body)
        if (source.slug, path[-1]) not in _BY_TEXT
        for key in _keys(source, _with(body, path, nothing))
    }

    bad = {(path, key) for path, key in made if set(re.split(r"[/\n:!|,= ]", key.lower())) & _NO_WORDS}
    assert bad == set()


@pytest.mark.parametrize("slug", ["kapacitor", "jira", "rollbar", "bugsnag", "pingdom", "datadog", "sentry", "zabbix"])
def test_that_something_is_true_is_no_identity(slug: str) -> None:
    source = sources.get(slug)
    assert source is not None
    bodies = [example.body for example in source.examples if isinstance(example.body, dict)]

    keys = {key for body in bodies for path in _scalars(body) for key in _keys(source, _with(body, path, True))}

    assert {key for key in keys if {"true"} & set(key.lower().split("/"))} == set()
