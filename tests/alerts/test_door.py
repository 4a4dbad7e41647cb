"""A webhook answered 2xx is a committed row; whatever goes wrong before, the sender is asked to come again."""

import asyncio
import hashlib
import json
from typing import Any

import psycopg
import pytest
from django.db import connection

from alerts.models import Event, EventStatus
from alerts.receiving.door import LARGEST_KEPT
from alerts.receiving.entrance import entrance_for
from core import doorbell
from tests.alerts.doorstep import Doorstep, Sender, a_sender
from tests.factories import a_service


@pytest.fixture
def sender(doorstep: Doorstep) -> Sender:
    return a_sender(doorstep, "generic", service=a_service("checkout"))


def test_what_is_answered_202_is_stored_byte_for_byte(sender: Sender) -> None:
    body = b' {"title": "caf\xe9", "n": 1e400} '

    answered = sender.post(
        body, {"content-type": "text/plain; charset=UTF-8", "x-amz-sns-message-type": "Notification"}
    )

    event = Event.objects.get(pk=answered.json["event_id"])
    assert answered.json["status"] == "accepted"
    assert (bytes(event.body), event.body_size, event.status) == (body, len(body), EventStatus.RECEIVED)
    assert (event.content_type, event.integration) == ("text/plain; charset=UTF-8", sender.integration)
    assert event.headers == {"x-amz-sns-message-type": "Notification"}


@pytest.mark.parametrize("shape", ["/integrations/generic/{}", "/integrations/generic/{}/"])
def test_the_path_works_with_and_without_the_final_slash(sender: Sender, shape: str) -> None:
    assert sender.doorstep.post(shape.format(sender.key), {"title": "x"}).status == 202


def test_the_key_decides_the_integration_even_where_the_url_names_another_source(sender: Sender) -> None:
    answered = sender.doorstep.post(f"/integrations/alertmanager/{sender.key}/", {"title": "x"})

    assert Event.objects.get(pk=answered.json["event_id"]).integration == sender.integration


def test_a_key_may_stand_in_the_header(sender: Sender) -> None:
    answered = sender.doorstep.post("/integrations/generic/", {"title": "x"}, {"authorization": f"Bearer {sender.key}"})

    assert answered.status == 202
    assert "authorization" not in (Event.objects.get().headers or {})


def test_an_unknown_key_is_refused_with_what_to_do(doorstep: Doorstep) -> None:
    answered = doorstep.post("/integrations/generic/" + "x" * 32, {"title": "x"})

    assert (answered.status, answered.json["error"]["code"]) == (403, "unknown_key")
    assert "Copy the whole address" in answered.json["error"]["message"]


def test_an_integration_that_is_switched_off_refuses(sender: Sender) -> None:
    sender.integration.is_active = False
    sender.integration.save(update_fields=["is_active"])

    answered = sender.doorstep.post(sender.path, {"title": "x"})

    assert (answered.status, answered.json["error"]["code"]) == (403, "integration_inactive")
    assert not Event.objects.exists()


def test_a_revoked_key_is_dead_at_once(sender: Sender) -> None:
    sender.post({"title": "x"})
    sender.integration.key_hash = hashlib.sha256(b"another").digest()
    sender.integration.save(update_fields=["key_hash"])

    assert sender.doorstep.post(sender.path, {"title": "x"}).status == 403


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_looking_at_the_address_helps_and_stores_nothing(sender: Sender, method: str) -> None:
    answered = sender.doorstep.send(method, sender.path)

    assert answered.status == 200
    assert (b"POST" in answered.body) is (method == "GET")
    assert not Event.objects.exists()


def test_other_methods_are_refused(sender: Sender) -> None:
    assert sender.doorstep.send("DELETE", sender.path).status == 405


def test_many_at_once_are_committed_in_groups_and_each_gets_its_own_answer(sender: Sender) -> None:
    async def flood() -> list[Any]:
        unknown = "/integrations/generic/" + "y" * 32
        return await asyncio.gather(
            *(
                sender.doorstep.request(
                    "POST", unknown if number % 10 == 9 else sender.path, [b'{"title": "%d"}' % number]
                )
                for number in range(500)
            )
        )

    answers = sender.doorstep.run(flood())

    stored = {event.pk: json.loads(bytes(event.body))["title"] for event in Event.objects.all()}
    assert len(stored) == 450
    for number, answered in enumerate(answers):
        if number % 10 == 9:
            assert answered.status == 403
        else:
            assert stored[answered.json["event_id"]] == str(number)


def test_a_body_that_comes_slowly_is_given_up_after_ten_seconds_and_shall_come_again(
    sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("alerts.receiving.door.LONGEST_READ", 0.2)

    answered = sender.doorstep.run(sender.doorstep.request("POST", sender.path, [b'{"title"', 5.0, b': "x"}']))

    assert (answered.status, answered.headers["connection"]) == (503, "close")
    assert int(answered.headers["retry-after"]) >= 5
    assert not Event.objects.exists()


def test_bodies_under_way_do_not_take_more_memory_than_there_is(
    sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("alerts.receiving.inbox.MOST_WAITING_BYTES", 1_000_000)

    async def two_at_once() -> list[Any]:
        parts: list[bytes | float] = [b"x" * 600_000, 0.3, b"x"]
        return await asyncio.gather(*(sender.doorstep.request("POST", sender.path, parts) for _ in range(2)))

    answers = sender.doorstep.run(two_at_once())
    later = sender.doorstep.run(sender.doorstep.request("POST", sender.path, [b"x" * 400_000, b"x" * 500_000]))

    assert sorted(answered.status for answered in answers) == [202, 503]
    (refused,) = [answered for answered in answers if answered.status == 503]
    assert (refused.headers["connection"], later.status) == ("close", 202)
    assert int(refused.headers["retry-after"]) >= 5


def test_a_sender_that_leaves_halfway_stores_nothing(sender: Sender) -> None:
    class Left(Exception):
        pass

    async def leave() -> None:
        async def receive() -> dict[str, Any]:
            return events.pop(0)

        async def send(event: object) -> None:
            raise Left

        events: list[dict[str, Any]] = [
            {"type": "http.request", "body": b'{"title"', "more_body": True},
            {"type": "http.disconnect"},
        ]
        scope = {"type": "http", "method": "POST", "path": sender.path, "query_string": b"", "headers": []}
        entrance = entrance_for("POST", sender.path)
        assert entrance is not None
        await sender.doorstep.door(entrance, scope, receive, send)

    sender.doorstep.run(leave())

    assert not Event.objects.exists()


def test_sixteen_megabytes_are_stored_whole(sender: Sender) -> None:
    part = b"x" * (1024 * 1024)

    answered = sender.doorstep.run(sender.doorstep.request("POST", sender.path, [part] * 16))

    event = Event.objects.get(pk=answered.json["event_id"])
    assert (len(event.body), event.body_size, event.marks) == (LARGEST_KEPT, LARGEST_KEPT, [])


def test_of_what_is_too_large_the_head_is_kept_with_a_mark(sender: Sender, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("alerts.receiving.door.LARGEST_KEPT", 16_000)
    monkeypatch.setattr("alerts.receiving.door.LARGEST_READ", 32_000)
    part = b"x" * 1000

    larger = sender.doorstep.run(sender.doorstep.request("POST", sender.path, [part] * 20))
    endless = sender.doorstep.run(
        sender.doorstep.request("POST", sender.path, [part] * 40, {"content-length": "40000"})
    )

    events = [Event.objects.get(pk=answered.json["event_id"]) for answered in (larger, endless)]
    assert [(len(event.body), event.body_size, event.marks) for event in events] == [
        (16_000, 20_000, ["cut"]),
        (16_000, 40_000, ["cut"]),
    ]


def test_nul_in_headers_and_query_harms_nobody(sender: Sender) -> None:
    answered = sender.doorstep.post(
        sender.path + "?a=\x00b", {"title": "x"}, {"content-type": "text/\x00json", "x-note": "a\x00b"}
    )

    event = Event.objects.get(pk=answered.json["event_id"])
    assert (event.query, event.content_type, event.headers) == ("a=b", "text/json", {"x-note": "ab"})


def test_when_the_database_is_away_the_sender_is_asked_to_come_again_and_served_when_it_is_back(
    sender: Sender,
) -> None:
    sender.post({"title": "before"})
    with connection.cursor() as cursor:
        cursor.execute(  # of this database: other tests have doors of their own at the same server
            "select pid from pg_stat_activity where application_name = 'tocsin-door' and datname = current_database()"
        )
        pids = [pid for (pid,) in cursor.fetchall()]
        cursor.execute("alter table alerts_event rename to alerts_event_away")
    try:
        away = sender.doorstep.post(sender.path, {"title": "while away"})
    finally:
        with connection.cursor() as cursor:
            cursor.execute("alter table alerts_event_away rename to alerts_event")
            for pid in pids:
                cursor.execute("select pg_terminate_backend(%s)", [pid])

    back = sender.doorstep.post(sender.path, {"title": "back"})

    assert (away.status, away.json["error"]["code"]) == (503, "not_stored")
    assert 5 <= int(away.headers["retry-after"]) <= 30
    assert back.status == 202


def test_the_engine_is_rung_after_the_commit(sender: Sender) -> None:
    rung: list[str] = []
    doorbell.answer(rung.append)
    try:
        sender.post({"title": "x"})
    finally:
        doorbell.answer(None)

    assert rung == ["ingest"]


def test_pages_and_the_api_are_not_for_the_door() -> None:
    for path in ("/", "/api/v1/alerts/", "/integrations/", "/admin/", "/v2/enqueue/more"):
        assert entrance_for("GET", path) is None


def test_the_door_gives_its_connections_back(sender: Sender) -> None:
    sender.post({"title": "x"})

    sender.doorstep.run(sender.doorstep.door.close())

    with psycopg.connect(**_plain_parameters()) as other:
        row = other.execute(
            "select count(*) from pg_stat_activity"
            " where application_name = 'tocsin-door' and datname = current_database()"
        ).fetchone()
    assert row == (0,)


def _plain_parameters() -> dict[str, Any]:
    wanted = ("dbname", "user", "password", "host", "port")
    return {name: value for name, value in connection.get_connection_params().items() if name in wanted}
