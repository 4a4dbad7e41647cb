"""The one front: receiving paths to the door, /ws/ to Channels, everything else to Django."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

from django.core.asgi import get_asgi_application

from alerts.door import Door, Receive, Scope, Send
from alerts.entrance import entrance_for
from config.bodies import bounded

pages = bounded(get_asgi_application())  # type: ignore[arg-type]  # its stubs narrow what ASGI leaves open

from web.live.routing import application as live  # noqa: E402  what it imports needs the apps loaded

door = Door()


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """Hand each connection to whoever answers it."""
    if scope["type"] == "lifespan":
        await door.lifespan(receive, send)
    elif scope["type"] == "websocket":
        await live(scope, receive, send)
    elif (entrance := entrance_for(scope["method"], scope["path"])) is not None:
        await door(entrance, scope, receive, send)
    else:
        await pages(dict(scope), receive, send)
