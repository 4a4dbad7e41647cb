"""What senders really send, row by row, through the real door: nothing of it is lost, and nothing is taken for more."""

from typing import Any
from urllib.parse import quote, urlencode

import orjson
import pytest

from alerts.models import AlertStatus, EventStatus
from incidents.states import Status
from tests.alerts.doorstep import Answered, Doorstep, Sender, a_sender, from_alertmanager, prometheus_alert
from tests.alerts.parsing import the_one_parsed
from tests.factories import a_service
from tests.fakes.sns import FakeSns, as_bytes
from tests.world import MovedEngine

Json = Any
FORM = {"content-type": "application/x-www-form-urlencoded"}


@pytest.fixture
def sender_of(doorstep: Doorstep) -> Any:
    """Makes a sender of a source."""
    return lambda source: a_sender(doorstep, source, service=a_service(), name=source)


def _get(sender: Sender, **query: str) -> Answered:
    return sender.doorstep.send("GET", f"{sender.path}?{urlencode(query)}")


def _multipart(**fields: str) -> tuple[bytes, dict[str, str]]:
    parts = [f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{text}\r\n' for name, text in fields.items()]
    return ("".join(parts) + "--b--\r\n").encode(), {"content-type": "multipart/form-data; boundary=b"}


# Content types and methods.


def test_what_is_got_with_a_query_is_a_message(sender_of: Any, engine: MovedEngine) -> None:
    robot = sender_of("uptimerobot")

    answered = _get(robot, monitorID="77", monitorFriendlyName="Shop", alertType="1", alertTypeFriendlyName="Down")
    engine.run()

    assert answered.status == 202
    assert [(alert.dedup_key, alert.title) for alert in robot.alerts()] == [("77", "Shop: Down")]


@pytest.mark.parametrize(
    ("source", "down", "up"),
    [
        (
            "uptime_kuma",
            {"msg": "Wiki down", "heartbeat": '{"status": 0}', "monitor": '{"id": 3, "name": "Wiki"}'},
            {"msg": "Wiki up", "heartbeat": '{"status": 1}', "monitor": '{"id": 3, "name": "Wiki"}'},
        ),
        ("uptimerobot", {"monitorID": "7", "alertType": "1"}, {"monitorID": "7", "alertType": "2"}),
        ("statuscake", {"URL": "https://x.example", "Status": "Down"}, {"URL": "https://x.example", "Status": "Up"}),
        ("site24x7", {"MONITOR_ID": "1", "STATUS": "DOWN"}, {"MONITOR_ID": "1", "STATUS": "UP"}),
        ("healthchecks_io", {"code": "a-b", "status": "down"}, {"code": "a-b", "status": "up"}),
        ("argocd", {"app": "shop", "phase": "Failed"}, {"app": "shop", "phase": "Succeeded", "health": "Healthy"}),
        ("prtg", {"sensorid": "5", "status": "Down"}, {"sensorid": "5", "status": "Up"}),
        ("generic", {"title": "Backup failed", "id": "1"}, {"title": "Backup", "id": "1", "status": "ok"}),
    ],
)
def test_senders_that_can_only_get_open_and_resolve(
    sender_of: Any, engine: MovedEngine, source: str, down: dict[str, str], up: dict[str, str]
) -> None:
    sender = sender_of(source)

    for query in (down, up):
        assert _get(sender, **query).status == 202
        engine.run()

    assert [event.status for event in sender.events()] == [EventStatus.PROCESSED] * 2
    assert [incident.status for incident in sender.incidents()] == [Status.RESOLVED]


@pytest.mark.parametrize(("method", "query"), [("GET", ""), ("HEAD", ""), ("HEAD", "?title=x")])
def test_who_only_looks_tells_of_nothing(sender_of: Any, method: str, query: str) -> None:
    sender = sender_of("generic")

    answered = sender.doorstep.send(method, sender.path + query)

    assert (answered.status, sender.events()) == (200, [])


def test_a_query_under_an_unknown_key_is_refused(doorstep: Doorstep) -> None:
    assert doorstep.send("GET", f"/integrations/generic/{'x' * 32}/?title=x").status == 403


def test_sns_says_that_its_json_is_plain_text(sender_of: Any, engine: MovedEngine) -> None:
    sender = sender_of("aws_cloudwatch_sns")

    sender.post(as_bytes(FakeSns(url="https://sns.eu-west-1.amazonaws.com").signed()), {"content-type": "text/plain"})
    engine.run()

    assert [alert.title for alert in sender.alerts()] == ["Backup failed"]


def test_statuscake_posts_a_form(sender_of: Any, engine: MovedEngine) -> None:
    sender = sender_of("statuscake")

    sender.post(b"Token=x&Status=Down&Name=Shop+%26+Cart&URL=https%3A%2F%2Fshop.example", FORM)
    engine.run()

    assert [alert.title for alert in sender.alerts()] == ["Shop & Cart is down"]


@pytest.mark.parametrize("field", ["payload", "data", "json"])
def test_json_may_stand_in_a_part_of_a_multipart_form(sender_of: Any, engine: MovedEngine, field: str) -> None:
    sender = sender_of("uptime_kuma")
    body = orjson.dumps({"heartbeat": {"status": 0}, "monitor": {"id": 3, "name": "Wiki"}, "msg": "x"}).decode()

    sender.post(*_multipart(**{field: body}))
    engine.run()

    assert [alert.dedup_key for alert in sender.alerts()] == ["3"]


@pytest.mark.parametrize(
    "content_type",
    ["application/json", "text/json", "application/vnd.api+json", "text/html", "application/octet-stream", "",
     "nonsense",
     "application/x-www-form-urlencoded", "application/json; charset=utf-16"],
)  # fmt: skip
def test_the_body_is_believed_more_than_its_content_type(
    sender_of: Any, engine: MovedEngine, content_type: str
) -> None:
    sender = sender_of("alertmanager")

    sender.post(from_alertmanager(prometheus_alert()), {"content-type": content_type})
    engine.run()

    assert [alert.title for alert in sender.alerts()] == ["ReplicaLag"]


def test_a_message_may_be_put(sender_of: Any) -> None:
    sender = sender_of("generic")

    assert sender.doorstep.send("PUT", sender.path, b'{"title": "x"}').status == 202


# Points in time.


@pytest.mark.parametrize(
    "written", ["2026-03-01T09:00:00.123+0000", "2026-03-01T09:00:00.1230000Z", "2026-03-01T10:00:00.123456789+01:00",
                "2026-03-01T10:00:00.123+01.00"],
)  # fmt: skip
def test_offsets_without_colon_and_odd_fractions_are_the_same_moment(written: str) -> None:
    alert = the_one_parsed("alertmanager", from_alertmanager(prometheus_alert(starts=written)))

    assert alert.started_at is not None
    assert alert.started_at.isoformat(timespec="milliseconds") == "2026-03-01T09:00:00.123+00:00"


@pytest.mark.parametrize(
    "written", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59-14:00", "2026-02-30T25:00:00+99:00", "x"]
)
def test_a_time_that_is_none_stops_nothing(sender_of: Any, engine: MovedEngine, written: str) -> None:
    sender = sender_of("alertmanager")

    sender.post(from_alertmanager(prometheus_alert(starts=written)))
    engine.run()

    assert [alert.started_at for alert in sender.alerts()] == [None]


# Identities.


def test_ids_above_2_to_the_53_are_not_rounded(sender_of: Any, engine: MovedEngine) -> None:
    sender = sender_of("site24x7")

    for number in (123456000000270801, 123456000000270802):
        sender.post({"MONITOR_ID": number, "STATUS": "DOWN", "MONITORNAME": "Shop"})
    engine.run()

    assert [alert.dedup_key for alert in sender.alerts()] == ["123456000000270801", "123456000000270802"]


@pytest.mark.parametrize(
    ("source", "body"),
    [
        ("uptimerobot", '{"monitorID": "*monitorID*", "monitorURL": "https://x.example", "alertType": "1"}'),
        ("zabbix", '{"event_id": "{EVENT.ID}", "trigger_id": "14", "event_name": "Lag", "event_value": "1"}'),
        ("coralogix", '{"uuid": "$EVENT_ID", "alert_id": "$ALERT_ID", "name": "Errors", "alert_action": "trigger"}'),
    ],
)
def test_a_macro_nobody_filled_in_is_no_identity(source: str, body: str) -> None:
    alert = the_one_parsed(source, body.encode())

    assert not any(mark in alert.dedup_key for mark in "*{$")


def test_json_made_by_joining_texts_is_read(sender_of: Any, engine: MovedEngine) -> None:
    sender = sender_of("zabbix")

    body = (
        '{"event_id": "812", "event_value": "1", "event_name": "Service "cron" is down\non db-1", "host": {HOST.NAME}}'
    )
    sender.post(body.encode())
    engine.run()

    (event,), (alert,) = sender.events(), sender.alerts()
    assert (event.marks, alert.dedup_key) == (["mended_json"], "812")
    assert '"cron"' in alert.title


# What messages do not say.


def test_a_truncated_group_resolves_nothing(sender_of: Any, engine: MovedEngine) -> None:
    sender = sender_of("alertmanager")
    both = [prometheus_alert(instance=name) for name in ("a", "b")]

    sender.post(from_alertmanager(*both))
    sender.post({**from_alertmanager(both[0]), "truncatedAlerts": 1})
    engine.run()

    assert [alert.status for alert in sender.alerts()] == [AlertStatus.FIRING] * 2


def test_both_of_a_pair_of_alertmanagers_tell_of_one_alert(sender_of: Any, engine: MovedEngine) -> None:
    sender = sender_of("alertmanager")
    first, second = ({**from_alertmanager(prometheus_alert()), "externalURL": f"http://am-{name}"} for name in "ab")

    for message in (first, second):
        sender.post(message)
    engine.run()

    assert [alert.count for alert in sender.alerts()] == [2]
    assert len(sender.incidents()) == 1


def test_a_resolve_before_its_firing_opens_nothing(sender_of: Any, engine: MovedEngine) -> None:
    sender = sender_of("alertmanager")

    sender.post(from_alertmanager(prometheus_alert(status="resolved")))
    engine.run()
    sender.post(from_alertmanager(prometheus_alert()))
    engine.run()

    assert sender.incidents() == []


def test_a_repeat_an_hour_later_is_the_same_alert_and_pages_nobody_again(sender_of: Any, engine: MovedEngine) -> None:
    sender = sender_of("alertmanager")

    sender.post(from_alertmanager(prometheus_alert()))
    engine.fast_forward(hours=1)
    sender.post(from_alertmanager(prometheus_alert()))
    engine.run()

    assert [alert.count for alert in sender.alerts()] == [2]
    assert len(sender.incidents()) == 1


# Sizes.


@pytest.mark.parametrize("labels", [{}, {"": ""}, {"": "x"}])
def test_an_empty_label_set_is_an_alert(sender_of: Any, engine: MovedEngine, labels: dict[str, str]) -> None:
    sender = sender_of("alertmanager")
    alert = {**prometheus_alert(), "labels": labels}

    for _ in range(2):
        sender.post(from_alertmanager(alert))
    engine.run()

    assert [each.count for each in sender.alerts()] == [2]


def test_a_huge_label_set_is_cut_and_stays_one_alert(sender_of: Any, engine: MovedEngine) -> None:
    sender = sender_of("alertmanager")
    labels = {f"label_{number}": "v" * 3000 for number in range(2000)}

    for _ in range(2):
        sender.post(from_alertmanager({**prometheus_alert(), "labels": {"alertname": "Huge", **labels}}))
    engine.run()

    (alert,) = sender.alerts()
    assert (alert.title, alert.count) == ("Huge", 2)
    assert len(orjson.dumps(alert.labels)) < 1_000_000
    assert sender.events()[0].marks != []


@pytest.mark.parametrize(
    ("value", "mark"),
    [('"a\\u0000b"', "nul"), ('"\\ud800"', "surrogate"), ("1e400", "not_finite"), ("NaN", "not_finite"),
     ("9" * 5000, "huge_number"), ("[" * 5000 + "]" * 5000, "too_deep")],
    ids=["nul", "surrogate", "1e400", "nan", "5000 digits", "5000 deep"],
)  # fmt: skip
def test_what_breaks_parsers_and_databases_is_mended_with_a_mark(
    sender_of: Any, engine: MovedEngine, value: str, mark: str
) -> None:
    sender = sender_of("generic")

    sender.post(b'{"title": "Odd", "host": ' + value.encode() + b"}")
    engine.run()

    (event,), (alert,) = sender.events(), sender.alerts()
    assert (event.status, alert.title) == (EventStatus.PROCESSED, "Odd")
    assert mark in event.marks


@pytest.mark.parametrize("body", [b"null", b"[]", b"", b"17", b"\xff\xfe\xfd", b'{"a": '])
def test_what_holds_nothing_is_kept_and_said(sender_of: Any, engine: MovedEngine, body: bytes) -> None:
    sender = sender_of("alertmanager")

    sender.post(body)
    engine.run()

    (event,) = sender.events()
    assert bytes(event.body) == body
    assert event.status in (EventStatus.QUARANTINED, EventStatus.IGNORED)
    assert event.problem


def test_ten_megabytes_in_one_annotation_are_taken_and_cut(sender_of: Any, engine: MovedEngine) -> None:
    sender = sender_of("alertmanager")
    alert = prometheus_alert()
    alert["annotations"]["description"] = "x" * 10_000_000

    sender.post(from_alertmanager(alert))
    engine.run()

    assert [len(alert.description) < 100_000 for alert in sender.alerts()] == [True]


def test_a_query_with_macros_and_odd_bytes_harms_nobody(sender_of: Any, engine: MovedEngine) -> None:
    sender = sender_of("generic")

    answered = sender.doorstep.send("GET", f"{sender.path}?title={quote('*monitorName*')}&x=%00%ff&&=&y")
    engine.run()

    assert (answered.status, sender.events()[0].status) == (202, EventStatus.PROCESSED)
