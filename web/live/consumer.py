"""A browser's WebSocket at /ws/: for people who are signed in, and only as long as they are."""

import asyncio
import random
from typing import Any

from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer
from django.contrib.auth import get_user
from django.contrib.sessions.backends.db import SessionStore
from django.http import HttpRequest

from accounts.models import User
from web.live import hub
from web.live.hub import Listener

_LOOK_AGAIN = 30.0  # seconds after which a session is looked at again: who signs out or is removed hears no more
_NOT_SIGNED_IN = 4401


class LiveConsumer(AsyncWebsocketConsumer):  # type: ignore[misc]  # channels publishes no types
    """Sends frames; what a browser sends is ignored."""

    channel_layer_alias = "none"  # it listens through the process's hub, not by a subscription of its own

    async def connect(self) -> None:
        """Take those who are signed in."""
        self._listener: Listener | None = None
        self._tasks: list[asyncio.Task[None]] = []
        if not await self._is_signed_in():
            await self.close(code=_NOT_SIGNED_IN)
            return
        await self.accept()
        self._listener = hub.here().join()
        self._tasks = [asyncio.create_task(self._pass_on(self._listener)), asyncio.create_task(self._look_again())]

    async def disconnect(self, code: int) -> None:
        """The browser left."""
        for task in self._tasks:
            task.cancel()
        if self._listener is not None:
            hub.here().leave(self._listener)

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """Nothing a browser says is needed."""

    async def _pass_on(self, listener: Listener) -> None:
        while True:
            frame = await listener.next()
            await self.send(text_data=frame.text())

    async def _look_again(self) -> None:
        while True:
            await asyncio.sleep(_LOOK_AGAIN * random.uniform(0.8, 1.0))  # noqa: S311  so that not all ask at once
            if not await self._is_signed_in():
                await self.close(code=_NOT_SIGNED_IN)
                return

    async def _is_signed_in(self) -> bool:
        key = self.scope["session"].session_key
        return bool(key) and await database_sync_to_async(is_session_of_somebody)(key)


def is_session_of_somebody(key: str) -> bool:
    """Whether this session is still one of somebody who may see pages."""
    request: Any = HttpRequest()
    request.session = SessionStore(key)
    user = get_user(request)
    return isinstance(user, User) and user.is_active
