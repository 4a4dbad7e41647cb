"""What changes is told to every web process after its commit, and never at the cost of the change itself."""

import asyncio
import socket
import threading
import time
from collections.abc import Callable, Iterator

import pytest
from channels.layers import InMemoryChannelLayer, get_channel_layer
from channels_redis.pubsub import RedisPubSubChannelLayer
from django.db import transaction
from django.test import Client
from pytest_django import Settings

from accounts.models import User
from config import env
from incidents import lifecycle
from incidents.models import TimelineEntry
from tests import factories
from tests.fakes.waiting import wait_for
from tests.world import MovedEngine, World
from web.live import hub, publisher
from web.live.consumer import is_session_of_somebody
from web.live.frames import ANYTHING, BEAT, GROUP, Frame


class Browser:
    """A listener as a web process has one for each browser, in a thread and an event loop of its own."""

    def __init__(self) -> None:
        self.heard: list[Frame] = []
        self._loop = asyncio.new_event_loop()
        self._leaving = asyncio.Event()
        self._thread = threading.Thread(target=self._loop.run_until_complete, args=(self._listen(),), daemon=True)
        self._thread.start()
        wait_for(lambda: BEAT in self.heard, what="the first beat")
        self.heard.clear()

    async def _listen(self) -> None:
        listener = hub.here().join()
        leaving = asyncio.create_task(self._leaving.wait())
        while not leaving.done():
            next_one = asyncio.create_task(listener.next())
            await asyncio.wait([next_one, leaving], return_when=asyncio.FIRST_COMPLETED)
            if next_one.done():
                self.heard.append(next_one.result())
            else:
                next_one.cancel()
        hub.here().leave(listener)
        # The hub's tasks take their leave of Redis. Left alone they would end in the middle of some other test.
        assert await _still_listening(after=8) == set()

    def news(self) -> list[Frame]:
        """What it heard, without beats."""
        return [frame for frame in self.heard if frame != BEAT]

    def close(self) -> None:
        """It is closed."""
        self._loop.call_soon_threadsafe(self._leaving.set)
        self._thread.join(timeout=10)
        self._loop.close()


async def _still_listening(*, after: float) -> set[asyncio.Task[object]]:
    """The hub's tasks of this loop that have not ended after so many seconds."""
    of_the_hub = {each for each in asyncio.all_tasks() if _is_of(each, hub.__file__)}
    return (await asyncio.wait(of_the_hub, timeout=after))[1] if of_the_hub else of_the_hub


def _is_of(task: asyncio.Task[object], path: str) -> bool:
    code = getattr(task.get_coro(), "cr_code", None)
    return code is not None and code.co_filename == path


@pytest.fixture
def listening(transactional_db: None) -> Iterator[Browser]:
    """A browser that listens."""
    browser = Browser()
    yield browser
    browser.close()


@pytest.fixture
def somebody(transactional_db: None) -> User:
    """A responder."""
    return factories.a_user()


def test_a_change_is_told_with_its_version(listening: Browser, somebody: User) -> None:
    incident = factories.an_incident()
    lifecycle.acknowledge(incident.pk, by=factories.by(somebody))
    incident.refresh_from_db()

    told = Frame("incident", incident.pk, incident.version)

    assert wait_for(lambda: told in listening.news(), what="the change")


def test_a_note_is_told_to_other_browsers(listening: Browser, somebody: User) -> None:
    incident = factories.an_incident()
    entry = lifecycle.note(incident.pk, text="It is the disk.", by=factories.by(somebody))

    told = Frame("entry", incident.pk, entry.pk)

    assert wait_for(lambda: told in listening.news(), 1, "the note")


@pytest.mark.usefixtures("carriers")
def test_who_was_paged_is_told_to_other_browsers(listening: Browser, world: World, engine: MovedEngine) -> None:
    world.service("db").covered_by([world.person("ada")])
    incident = world.fire("db")
    engine.run()

    newest = TimelineEntry.objects.filter(incident=incident, kind="person_paged").latest("pk").pk

    def told() -> bool:
        return any(frame.kind == "entry" and frame.version >= newest for frame in listening.news())

    assert wait_for(told, 1, "the page")


def test_what_is_rolled_back_is_not_told(listening: Browser, somebody: User) -> None:
    with transaction.atomic():
        never = factories.an_incident("Never was").pk
        transaction.set_rollback(True)
    after = factories.an_incident("Is")

    wait_for(lambda: after.pk in {frame.id for frame in listening.news()}, what="the incident that is")

    assert never not in {frame.id for frame in listening.news()}


def test_another_installation_on_the_same_redis_is_not_heard(listening: Browser, settings: Settings) -> None:
    config = settings.CHANNEL_LAYERS["default"]["CONFIG"]
    number = env.redis_number(settings.REDIS_URL)
    assert config["prefix"] == f"tocsin{number}"
    theirs = RedisPubSubChannelLayer(**{**config, "prefix": f"tocsin{number + 1}"})
    frames = [{"kind": "incident", "id": 1_000_000, "version": 1}]

    asyncio.run(theirs.group_send(GROUP, {"type": "frames", "frames": frames}))
    publisher.tell(Frame("incident", 2_000_000, 1))

    wait_for(lambda: 2_000_000 in {frame.id for frame in listening.news()}, what="our own")
    assert 1_000_000 not in {frame.id for frame in listening.news()}


def test_a_storm_is_told_as_one(listening: Browser) -> None:
    with transaction.atomic():
        for number in range(1, 500):
            publisher.tell(Frame("incident", number, 1))

    assert wait_for(lambda: ANYTHING in listening.news(), what="the one frame that says it all")
    assert publisher.flush(5)
    assert len(listening.news()) < 120


@pytest.fixture
def frozen_redis(settings: Settings) -> Iterator[None]:
    """A Redis that takes connections and never answers."""
    assert publisher.flush(5)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen(50)
        settings.CHANNEL_LAYERS = _redis_at(silent.getsockname()[1])
        yield


def _redis_at(port: int) -> dict[str, object]:
    address = f"redis://127.0.0.1:{port}/0"
    config = {"hosts": [{"address": address, "socket_timeout": 2, "socket_connect_timeout": 1}]}
    return {"default": {"BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer", "CONFIG": config}}


def test_a_frozen_redis_holds_up_no_change_and_loses_none(somebody: User, frozen_redis: None) -> None:
    incidents = [factories.an_incident() for _ in range(20)]

    began = time.monotonic()
    for each in incidents:
        lifecycle.acknowledge(each.pk, by=factories.by(somebody))
    took = time.monotonic() - began

    assert took < 3.0
    assert not publisher.flush(0.3)
    for each in incidents:
        each.refresh_from_db()
        assert each.status == "acknowledged"


class Hasty(InMemoryChannelLayer):  # type: ignore[misc]
    """A channel layer that does something in the very moment when a message comes."""

    and_then: Callable[[], None] = staticmethod(lambda: None)

    async def receive(self, channel: str) -> dict[str, object]:
        """The message."""
        message: dict[str, object] = await super().receive(channel)
        Hasty.and_then()
        return message


def test_who_leaves_as_something_comes_leaves_nothing_running(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.CHANNEL_LAYERS = {"default": {"BACKEND": f"{__name__}.{Hasty.__name__}"}}

    async def listen() -> set[asyncio.Task[object]]:
        listener = hub.here().join()
        left = asyncio.Event()

        def leave() -> None:
            hub.here().leave(listener)
            left.set()

        monkeypatch.setattr(Hasty, "and_then", leave)
        await asyncio.wait_for(left.wait(), 5)
        return await _still_listening(after=5)

    assert asyncio.run(listen()) == set()


def test_while_redis_is_away_nothing_heaps_up(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub, "_AGAIN_AFTER", 0.01)

    async def channels_kept() -> int:
        attempts = 0

        async def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            nonlocal attempts
            attempts += 1
            writer.close()

        async with await asyncio.start_server(hang_up, "127.0.0.1", 0) as server:
            settings.CHANNEL_LAYERS = _redis_at(server.sockets[0].getsockname()[1])
            listener = hub.here().join()
            async with asyncio.timeout(20):
                while attempts < 20:
                    await asyncio.sleep(0.01)
            hub.here().leave(listener)
            assert await _still_listening(after=5) == set()
        return sum(len(each.channels) for each in get_channel_layer()._layers.values())

    assert asyncio.run(channels_kept()) <= 1


def test_who_reads_too_slowly_is_told_to_ask_for_everything() -> None:
    async def listen() -> list[Frame]:
        listener = hub.Listener()
        for number in range(250):
            listener.hear(Frame("incident", number, 1))
        return [await listener.next() for _ in range(50)]

    assert ANYTHING in asyncio.run(listen())


def test_whose_session_ended_or_who_was_removed_hears_no_more(somebody: User) -> None:
    stays, leaves = Client(), Client()
    stays.force_login(somebody)
    leaves.force_login(somebody)
    kept, ended = (str(browser.session.session_key) for browser in (stays, leaves))

    leaves.post("/sign-out/")

    assert is_session_of_somebody(kept)
    assert not is_session_of_somebody(ended)
    User.objects.filter(pk=somebody.pk).update(is_active=False)
    assert not is_session_of_somebody(kept)
