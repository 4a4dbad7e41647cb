"""How calls of Opsgenie's API are answered by Django: whose key it is, and the shape of answers and refusals."""

import time
from collections.abc import Callable
from typing import Any

from django.db import OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe

from alerts.models import Integration
from alerts.opsgenie import shapes
from alerts.receiving.entrance import Answer
from alerts.receiving.entrances.opsgenie import failed
from alerts.receiving.letters import hashed
from core.errors import DomainError

STATUS = ":status"
View = Callable[..., HttpResponse]


class Refused(Exception):
    """An answer that is no success."""

    def __init__(self, status: int, message: str, *headers: tuple[str, str]) -> None:
        super().__init__(message)
        self.answer = failed(status, message, *headers)


def call(view: Callable[..., dict[str, Any]]) -> View:
    """A view that only reads. It is given the integration of the key, and answers in the vendor's shape."""
    return require_safe(answered(view))


def answered(view: Callable[..., dict[str, Any]]) -> View:
    """The same, whatever its method. The answer's status is 200, or what `STATUS` in the content says."""

    def answer(request: HttpRequest, **words: str) -> HttpResponse:
        started = time.perf_counter()
        try:
            content = view(request, _integration(request), **words)
        except Refused as refusal:
            return plain_answer(refusal.answer)
        except DomainError as problem:
            return plain_answer(failed(422, str(problem)))
        except OperationalError:  # the database is away, or this would have taken it too long
            return plain_answer(failed(503, "This cannot be answered just now. Ask again, or for less."))
        took = max(0.001, round(time.perf_counter() - started, 3))
        number = shapes.new_request_id()
        status = content.pop(STATUS, 200)
        response = JsonResponse({**content, "took": took, "requestId": number}, status=status)
        response["X-Request-ID"], response["X-Response-Time"], response["X-RateLimit-State"] = number, str(took), "OK"
        return response

    return answer


def plain_answer(answer: Answer) -> HttpResponse:
    """An answer of the door's, as Django gives it."""
    return HttpResponse(
        answer.body, status=answer.status, content_type=answer.content_type, headers=dict(answer.headers)
    )


def _integration(request: HttpRequest) -> Integration:
    scheme, _, key = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "geniekey" or not key.strip():
        raise Refused(401, "Send the integration's key as “Authorization: GenieKey <key>”.")
    found = Integration.objects.filter(key_hash=hashed(key.strip())).first()
    if found is None:
        raise Refused(401, "No integration in Tocsin has this key. Copy it again from the integration's page.")
    if not found.is_active:
        raise Refused(403, "This integration is switched off in Tocsin.")
    return found
