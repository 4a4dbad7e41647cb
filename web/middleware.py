"""The reader's time zone around every view, and refusals of the domain as pages. Translated here once."""

from collections.abc import Callable
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from core.errors import DomainError, Invalid, NotAllowed

_FOR_MACHINES = frozenset({"/healthz", "/readyz", "/metrics"})  # they answer with the database down, too
_STATUS = {NotAllowed: 403, Invalid: 400}


class ReadersTimeZone:
    """Times in pages are in the signed-in person's zone."""

    def __init__(self, answer: Callable[[HttpRequest], HttpResponse]) -> None:
        self._answer = answer

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path in _FOR_MACHINES:
            return self._answer(request)
        with timezone.override(_zone(request)):
            return self._answer(request)


def _zone(request: HttpRequest) -> ZoneInfo | None:
    if not request.user.is_authenticated:
        return None
    try:
        return ZoneInfo(request.user.time_zone)
    except (ZoneInfoNotFoundError, ValueError):
        return None


class NothingToWatch:
    """No page of ours needs a camera, a microphone or a place on the map, so none is given to what may slip in."""

    def __init__(self, answer: Callable[[HttpRequest], HttpResponse]) -> None:
        self._answer = answer

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self._answer(request)
        response.headers.setdefault("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=()")
        return response


class RefusalsAsPages:
    """A domain error that a view lets through becomes a page that says why."""

    def __init__(self, answer: Callable[[HttpRequest], HttpResponse]) -> None:
        self._answer = answer

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self._answer(request)

    def process_exception(self, request: HttpRequest, problem: Exception) -> HttpResponse | None:
        """The page; None for what is not a refusal."""
        if not isinstance(problem, DomainError) or request.path.startswith(("/api/", "/admin/")):
            return None
        status = next((code for kind, code in _STATUS.items() if isinstance(problem, kind)), 409)
        return render(request, "web/refused.html", {"problem": problem}, status=status)
