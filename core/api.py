"""What every part of the API shares: one error shape, one kind of page."""

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.urls import Resolver404, resolve
from django.views.decorators.csrf import csrf_exempt
from rest_framework import serializers, status
from rest_framework.exceptions import APIException, NotFound, ValidationError
from rest_framework.pagination import CursorPagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import exception_handler

from core import bounded
from core.errors import DomainError, Invalid, NotAllowed
from core.spelling import near

# What concerns the request as a whole and no single field.
WHOLE = "non_field_errors"
_MOST_NAMED = 20  # fields that are none, of those that a client sends


class NewestFirst(CursorPagination):
    """Cursor pages, newest first: `next`, `previous`, `results`."""

    page_size = 50
    max_page_size = 200
    page_size_query_param = "page_size"
    ordering = "-id"

    def paginate_queryset(self, queryset: QuerySet[Any], request: Request, view: Any = None) -> list[Any] | None:
        """A page. Raises NotFound for a cursor that we did not make; Invalid where a search takes too long."""
        try:
            with bounded.search(request.query_params.get("q", "")):
                return super().paginate_queryset(queryset, request, view)
        except ValueError:
            raise NotFound("This cursor leads nowhere. Start again without one.") from None


class Amendment(serializers.Serializer[Any]):
    """For serializers of what a client wants changed. A change of nothing it knows is a mistake, and is told.

    Names that are none of its fields are passed over beside others that are: what was read may be sent back.
    """

    def to_internal_value(self, data: Any) -> Any:
        """What is to be changed. Raises ValidationError."""
        known = self.fields
        if isinstance(data, Mapping) and data and not any(name in known for name in data):
            names = [name for name, field in known.items() if not field.read_only]
            raise ValidationError(
                {
                    str(name): f"No field that can be changed has this name{near(str(name), names)}."
                    for name in islice(data, _MOST_NAMED)
                }
            )
        return super().to_internal_value(data)


def error(code: str, message: str, fields: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The one shape of errors. `fields` become lists of sentences by name; names of inner fields are joined by dots."""
    told: dict[str, list[str]] = {}
    for name, sentence in _flat(fields or {}):
        told.setdefault(name, []).append(sentence)
    return {"error": {"code": code, "message": message, "fields": told}}


def answer_to(problem: Exception, context: dict[str, Any]) -> Response | None:
    """Translate an exception into an answer; None lets it become a 500."""
    if isinstance(problem, Invalid):
        return Response(error(problem.code, str(problem), problem.fields), status.HTTP_400_BAD_REQUEST)
    if isinstance(problem, NotAllowed):
        return Response(error(problem.code, str(problem)), status.HTTP_403_FORBIDDEN)
    if isinstance(problem, DomainError):
        return Response(error(problem.code, str(problem)), status.HTTP_409_CONFLICT)
    response = exception_handler(problem, context)
    if response is None:
        return None
    if isinstance(problem, ValidationError):
        fields = response.data if isinstance(response.data, dict) else {WHOLE: response.data}
        response.data = error("invalid", "Some fields are not valid; see fields.", fields)
    elif isinstance(problem, APIException):
        response.data = error(str(problem.default_code), str(problem.detail))
    elif isinstance(problem, Http404):
        response.data = error("not_found", _sentence(problem) or "There is nothing here.")
    else:
        response.data = error("not_allowed", str(problem) or "You may not do this.")
    return response


# It changes nothing, and a client with a key has no CSRF token to show: it would be told of that, not of its slash.
@csrf_exempt
def nothing_here(request: HttpRequest) -> HttpResponse:
    """For addresses below /api/ that lead nowhere: the error shape; a hint where only the last slash is missing."""
    message = "There is nothing at this address; /api/docs/ shows what there is."
    if not request.path.endswith("/"):
        try:
            found = resolve(f"{request.path}/")
        except Resolver404:  # pragma: no cover - everything below /api/ resolves, to this view if to nothing else
            found = None
        if found is not None and found.func is not nothing_here:
            message = f"Addresses end with a slash: {request.path}/"
    return JsonResponse(error("not_found", message), status=status.HTTP_404_NOT_FOUND)


def _sentence(problem: Http404) -> str:
    """What the raiser said. What Django says by itself ("No Incident matches …") names our classes, not theirs."""
    text = str(problem)
    return "" if text.startswith("No ") and "matches the given query" in text else text


def _flat(fields: Any, prefix: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(fields, Mapping):
        for name, inner in fields.items():
            yield from _flat(inner, f"{prefix}.{name}" if prefix else str(name))
    elif isinstance(fields, list | tuple):
        for place, inner in enumerate(fields):
            # A list holds either sentences about its field or, for a field that is a list itself, one part for each.
            nested = isinstance(inner, Mapping | list)
            yield from _flat(inner, f"{prefix}.{place}" if nested else prefix)
    else:
        yield prefix or WHOLE, str(fields)
