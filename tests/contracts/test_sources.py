"""What every source promises, held to its own examples: their alerts through the real door, nonsense purely."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from pytest_django import DjangoDbBlocker

from alerts.decisions.grouping import fingerprint, group_of
from alerts.models import AlertStatus, Event, EventStatus
from alerts.parsing.mend import Unreadable
from alerts.parsing.source import Example, Ignored, ParsedAlert, Received, Source, sources
from alerts.pipeline.copying import said
from alerts.pipeline.understanding import RawEvent, understand
from incidents.models import Severity
from incidents.states import Status
from tests import emptying
from tests.alerts.doorstep import Doorstep, Sender, a_sender
from tests.factories import a_service
from tests.world import MovedEngine

EVERY = [(source, example) for source in sources.all().values() for example in source.examples]
PAIRED = [source for source in sources.all().values() if source.sends_resolved]
# Nonsense of every source is read purely; that the door keeps it and the pipeline goes on is seen with these.
THROUGH_THE_DOOR = [source for source in sources.all().values() if source.slug in ("alertmanager", "generic")]


@pytest.fixture(scope="module")
def transactional_db(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """Emptied once, at the end: emptying it takes longer than a test, and each has senders and a service of its own."""
    with django_db_blocker.unblock():
        yield
        emptying.empty()


@pytest.fixture(scope="module")
def doorstep(transactional_db: None) -> Iterator[Doorstep]:
    with Doorstep() as doorstep:
        yield doorstep


def _a_sender(doorstep: Doorstep, source: Source) -> Sender:
    service = a_service()
    return a_sender(doorstep, source.slug, service=service, name=f"{source.slug} of {service.name}")


def _send(sender: Sender, example: Example) -> Event:
    path, body = sender.source.request_for(example, sender.key)
    answered = sender.doorstep.post(path, body, {"content-type": example.content_type})
    assert answered.status in (200, 202), answered
    return sender.events()[-1]


@dataclass(frozen=True)
class Twice:
    """An example that came twice, by a sender that has sent nothing else: how often its alerts counted before."""

    sender: Sender
    event: Event
    once: list[int]


@pytest.fixture(scope="module")
def twice(doorstep: Doorstep) -> dict[tuple[str, str], Twice]:
    """All at once, as one look of the engine takes as long for one of them as for all."""
    senders = {(source.slug, example.name): _a_sender(doorstep, source) for source, example in EVERY}
    came = {
        (source.slug, example.name): _send(senders[source.slug, example.name], example) for source, example in EVERY
    }
    MovedEngine().run()
    once = {key: [alert.count for alert in sender.alerts()] for key, sender in senders.items()}
    for source, example in EVERY:
        _send(senders[source.slug, example.name], example)
    MovedEngine().run()
    return {key: Twice(sender, came[key], once[key]) for key, sender in senders.items()}


@pytest.mark.parametrize(
    ("source", "example"), EVERY, ids=lambda each: each.slug if isinstance(each, Source) else each.name
)
def test_an_example_is_understood_as_it_says_and_counted_when_it_comes_twice(
    twice: dict[tuple[str, str], Twice], source: Source, example: Example
) -> None:
    seen = twice[source.slug, example.name]

    seen.event.refresh_from_db()
    event = seen.event
    assert event.status == EventStatus.PROCESSED, event.problem
    assert len(event.understood) == len(example.expected)
    for understood, expected in zip(event.understood, example.expected, strict=True):
        assert (understood["status"], understood["severity"]) == (expected.status, expected.severity)
        assert understood["title"] == (expected.title or expected.dedup_key)
        assert not expected.dedup_key or understood["dedup_key"] == expected.dedup_key
    generated = any("dedup_key" in name for name in event.headers or {}) and not example.expected[0].dedup_key
    if not generated:  # an identity made up by the door is another each time, as with the vendor
        assert [alert.count for alert in seen.sender.alerts()] == [count + 1 for count in seen.once]


@pytest.fixture(scope="module")
def lived(doorstep: Doorstep) -> dict[str, Sender]:
    """A sender of each source that has sent a firing, the same again, and the resolved to it."""
    senders = {source.slug: _a_sender(doorstep, source) for source in PAIRED}
    for name in ("firing", "firing", "resolved"):
        for source in PAIRED:
            _send(senders[source.slug], next(each for each in source.examples if each.name == name))
        MovedEngine().run()
    return senders


@pytest.mark.parametrize("source", PAIRED, ids=lambda source: source.slug)
def test_firing_duplicate_and_resolved_are_one_incident(lived: dict[str, Sender], source: Source) -> None:
    sender = lived[source.slug]

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


_OTHER_KINDS: tuple[Any, ...] = (
    None,
    True,
    -1,
    1e300,
    "",
    " ",
    "x",
    "$NAME$",
    [],
    {},
    [None],
    [[], {}],
    {"a": {"b": 1}},
)


def _read(source: Source, body: bytes, content_type: str) -> list[ParsedAlert]:
    now = datetime(2026, 3, 1, 10, tzinfo=UTC)
    event = RawEvent(1, now, source.slug, content_type, {}, "", body, [], 0)
    understood = understand(event, source.slug)  # raises what a source lets slip through its fingers
    orjson.dumps(understood.shown())
    return understood.alerts


def _assert_can_be_taken(alert: ParsedAlert) -> None:
    texts = [alert.dedup_key, alert.title, alert.description, alert.group]
    texts += [each for texts in (alert.labels, alert.annotations) for pair in texts.items() for each in pair]
    texts += [each for link in alert.links for each in (link.text, link.href)]
    assert [each for each in texts if not isinstance(each, str) or "\x00" in each] == []
    assert "".join(texts).encode()
    assert alert.dedup_key, "An empty identity would be that of every other alert too."
    assert isinstance(alert.status, AlertStatus)
    assert alert.severity is None or isinstance(alert.severity, Severity)
    assert all(each is None or each.tzinfo is UTC for each in (alert.started_at, alert.ended_at))
    assert all(link.href.startswith(("http://", "https://")) for link in alert.links)
    assert fingerprint(alert.dedup_key)
    assert group_of(alert.labels, group_by=None, default=alert.group, dedup_key=alert.dedup_key).key
    assert said(alert).hash


@pytest.mark.parametrize("source", sources.all().values(), ids=lambda source: source.slug)
def test_nonsense_is_read_as_alerts_or_as_nothing(source: Source) -> None:
    read = [alert for body in NONSENSE for kind in _KINDS for alert in _read(source, body, kind)]

    for alert in read:
        _assert_can_be_taken(alert)


@pytest.mark.parametrize("source", sources.all().values(), ids=lambda source: source.slug)
def test_a_field_of_another_kind_stops_nothing(source: Source) -> None:
    bodies = [changed for example in source.examples for changed in _with_other_kinds(example.body)]

    for body in bodies:
        for alert in _read(source, orjson.dumps(body), "application/json"):
            _assert_can_be_taken(alert)


def _with_other_kinds(body: Any) -> Iterator[Any]:
    """The body again and again, each time with another of its values replaced by one of another kind."""
    if isinstance(body, dict):
        for name, value in body.items():
            yield {each: value for each, value in body.items() if each != name}
            for changed in (*_OTHER_KINDS, *_with_other_kinds(value)):
                yield {**body, name: changed}
    elif isinstance(body, list):
        for place, value in enumerate(body):
            for changed in (*_OTHER_KINDS, *_with_other_kinds(value)):
                yield [*body[:place], changed, *body[place + 1 :]]


@pytest.mark.parametrize("source", THROUGH_THE_DOOR, ids=lambda source: source.slug)
def test_nonsense_is_kept_and_never_stops_anything(doorstep: Doorstep, engine: MovedEngine, source: Source) -> None:
    sender = _a_sender(doorstep, source)
    path = f"/integrations/{source.slug}/{sender.key}/"

    for body in NONSENSE:
        for content_type in _KINDS:
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


@pytest.mark.parametrize(
    ("source", "example"), EVERY, ids=lambda each: each.slug if isinstance(each, Source) else each.name
)
def test_alerts_of_one_message_have_their_own_part_of_it(source: Source, example: Example) -> None:
    """An integration's expressions call that part `payload`."""
    for longer in _with_a_list_twice(example.body):
        alerts = _parsed(source, orjson.dumps(longer), example.content_type)

        if len(alerts) > len(example.expected):
            assert all(each.element is not None and each.element != longer for each in alerts)


def _with_a_list_twice(body: Any) -> Iterator[Any]:
    """The same message, with each list of objects in it told twice."""
    if isinstance(body, list) and any(isinstance(each, dict) for each in body):
        yield [*body, *body]
    if isinstance(body, dict):
        for name, value in body.items():
            yield from ({**body, name: longer} for longer in _with_a_list_twice(value))


def _parsed(source: Source, body: bytes, content_type: str) -> list[ParsedAlert]:
    try:
        return source.parse(Received(body, now=datetime(2026, 3, 1, tzinfo=UTC), content_type=content_type))
    except (Unreadable, Ignored):
        return []
