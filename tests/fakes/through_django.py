"""Lets the fakes reach Tocsin through Django's test client, in the test's own thread and transaction.

carriers.point_at("http://testserver", settings.PUBLIC_URL, call=through_django.call)
"""

import time
from urllib.parse import urlsplit

from django.test import Client

from tests.fakes.tocsin import Answer


def call(method: str, url: str, body: bytes, headers: dict[str, str]) -> Answer:
    """One request with CSRF checks on and no memory of earlier ones."""
    started = time.monotonic()
    address = urlsplit(url)
    path = address.path + (f"?{address.query}" if address.query else "")
    kind = headers.get("Content-Type", "application/octet-stream")
    response = Client(enforce_csrf_checks=True).generic(method, path, body, content_type=kind, headers=headers)
    answered = {name.lower(): value for name, value in response.items()}
    answered["set-cookie"] = "\n".join(morsel.OutputString() for morsel in response.cookies.values())
    return Answer(response.status_code, response.content.decode(), answered, time.monotonic() - started, url)
