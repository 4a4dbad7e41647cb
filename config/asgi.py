"""The one front: receiving paths to the door, /ws/ to Channels, everything else to Django."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

from django.core.asgi import get_asgi_application

from alerts.receiving.door import Door, Receive, Scope, Send
from alerts.receiving.entrance import entrance_for
from config.bodies import bounded
from config.clockwork import Clockwork

pages = bounded(get_asgi_application())  # type: ignore[arg-type]  # its stubs narrow what ASGI leaves open

from web.live.routing import application as live  # noqa: E402  what it imports needs the apps loaded

door = Door()
clockwork = Clockwork()


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """Hand each connection to whoever answers it."""
    if scope["type"] == "lifespan":
        await _live(receive, send)
    elif scope["type"] == "websocket":
        await live(scope, receive, send)
    elif (entrance := entrance_for(scope["method"], scope["path"])) is not None:
        await door(entrance, scope, receive, send)
    else:
        await pages(dict(scope), receive, send)


async def _live(receive: Receive, send: Send) -> None:
    """Start and stop with the server; what waits at the door is committed before it leaves."""
    while True:
        event = await receive()
        if event["type"] == "lifespan.startup":
            door.open()
            await clockwork.start()
            await send({"type": "lifespan.startup.complete"})
        elif event["type"] == "lifespan.shutdown":
            await clockwork.stop()
            await door.close()
            await send({"type": "lifespan.shutdown.complete"})
            return
