"""What every source promises, held to its own examples, through the real door."""

from collections.abc import Iterator

import pytest

from alerts.models import AlertStatus, Event, EventStatus
from alerts.source import Example, Source, sources
from incidents.states import Status
from tests.alerts.doorstep import Doorstep, Sender, a_sender
from tests.factories import a_service
from tests.world import MovedEngine

EVERY = [(source, example) for source in sources.all().values() for example in source.examples]
PAIRED = [source for source in sources.all().values() if source.sends_resolved]


@pytest.fixture
def doorstep(transactional_db: None) -> Iterator[Doorstep]:
    with Doorstep() as doorstep:
        yield doorstep


def _send(sender: Sender, example: Example) -> Event:
    path, body = sender.source.request_for(example, sender.key)
    answered = sender.doorstep.post(path, body, {"content-type": example.content_type})
    assert answered.status in (200, 202), answered
    return sender.events()[-1]


@pytest.mark.parametrize(
    ("source", "example"), EVERY, ids=lambda each: each.slug if isinstance(each, Source) else each.name
)
def test_an_example_is_understood_as_it_says_and_counted_when_it_comes_twice(
    doorstep: Doorstep, engine: MovedEngine, source: Source, example: Example
) -> None:
    sender = a_sender(doorstep, source.slug, service=a_service())

    event = _send(sender, example)
    engine.run()
    once = [alert.count for alert in sender.alerts()]
    _send(sender, example)
    engine.run()

    event.refresh_from_db()
    assert event.status == EventStatus.PROCESSED, event.problem
    assert len(event.understood) == len(example.expected)
    for understood, expected in zip(event.understood, example.expected, strict=True):
        assert (understood["status"], understood["severity"]) == (expected.status, expected.severity)
        assert understood["title"] == (expected.title or expected.dedup_key)
        assert not expected.dedup_key or understood["dedup_key"] == expected.dedup_key
    generated = any("dedup_key" in name for name in event.headers or {}) and not example.expected[0].dedup_key
    if not generated:  # an identity made up by the door is another each time, as with the vendor
        assert [alert.count for alert in sender.alerts()] == [count + 1 for count in once]


@pytest.mark.parametrize("source", PAIRED, ids=lambda source: source.slug)
def test_firing_duplicate_and_resolved_are_one_incident(
    doorstep: Doorstep, engine: MovedEngine, source: Source
) -> None:
    sender = a_sender(doorstep, source.slug, service=a_service())
    examples = {example.name: example for example in source.examples}

    for name in ("firing", "firing", "resolved"):
        _send(sender, examples[name])
        engine.run()

    (incident,) = sender.incidents()
    assert incident.status == Status.RESOLVED
    assert incident.timeline.get(kind="resolved").actor_name == sender.integration.name
    assert {alert.status for alert in sender.alerts()} == {AlertStatus.RESOLVED}
    assert all(alert.count == 3 for alert in sender.alerts())


@pytest.mark.parametrize("source", sources.all().values(), ids=lambda source: source.slug)
def test_a_source_can_be_set_up_by_pasting(source: Source) -> None:
    text = source.set_up_text(url="https://tocsin.example.com/x/KEY/", base_url="https://tocsin.example.com", key="KEY")

    assert "KEY" in text
    assert "{url}" not in text
    assert source.label
    assert source.group_text.endswith(".")
    assert any(example.name == "firing" for example in source.examples)
    assert source.sends_resolved or source.resolves_after is not None


_KINDS = ("application/json", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data")
NONSENSE = [
    b"",
    b"\x00",
    b"null",
    b"[]",
    b"{}",
    b"[[[]]]",
    b'"text"',
    b"17",
    b"{" * 5000,
    b"[" * 5000 + b"]" * 5000,
    b'{"alerts": null}',
    b'{"alerts": [null, 1, "x", []]}',
    b'{"alerts": [{"labels": [], "annotations": 3, "startsAt": {}, "endsAt": -1e300, "status": []}]}',
    b'{"alerts": [{"labels": {"a": {"b": [1]}, "": null}, "startsAt": "2026-02-30T25:00:00+99:00"}]}',
    b'{"alerts": [{"labels": {"alertname": "\\u0000\\ud800"}, "fingerprint": "\\u0000"}], "groupKey": {"a": 1}}',
    b'{"event_action": "trigger", "payload": {"summary": NaN, "severity": 7, "timestamp": 1e400}}',
    b'{"title": ["x"], "status": {"a": 1}, "labels": "x", "tags": [1, null, "a:b"], "id": ' + b"9" * 5000 + b"}",
    b'{"title": "' + b"x" * 100_000 + b'", "labels": {"' + b"n" * 5000 + b'": "' + b"v" * 50_000 + b'"}}',
    '{"title": "naïve"}'.encode("latin-1"),
    '{"title": "wide"}'.encode("utf-16"),
    b"title=%00&status=%ff%fe",
]


@pytest.mark.parametrize("source", sources.all().values(), ids=lambda source: source.slug)
def test_nonsense_is_kept_and_never_stops_anything(doorstep: Doorstep, engine: MovedEngine, source: Source) -> None:
    sender = a_sender(doorstep, source.slug, service=a_service())
    path = f"/integrations/{source.slug}/{sender.key}/"

    for body in NONSENSE:
        for content_type in (
            "application/json",
            "text/plain",
            "application/x-www-form-urlencoded",
            "multipart/form-data",
        ):
            assert doorstep.post(path, body, {"content-type": content_type}).status == 202
    engine.run()

    events = sender.events()
    assert len(events) == len(_KINDS) * len(NONSENSE)
    unfinished = [(event.status, event.reason, bytes(event.body[:60])) for event in events if event.failures]
    assert unfinished == []
    assert {event.status for event in events} <= {
        EventStatus.PROCESSED,
        EventStatus.IGNORED,
        EventStatus.QUARANTINED,
    }
