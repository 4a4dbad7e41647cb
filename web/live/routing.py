"""The ASGI application behind /ws/: only from our own pages, with the session of whoever opened them."""

from channels.routing import URLRouter
from channels.security.websocket import AllowedHostsOriginValidator
from channels.sessions import CookieMiddleware, SessionMiddleware
from django.urls import path

from web.live.consumer import LiveConsumer

_routes = URLRouter([path("ws/", LiveConsumer.as_asgi())])
application = AllowedHostsOriginValidator(CookieMiddleware(SessionMiddleware(_routes)))
