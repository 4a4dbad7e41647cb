"""What every part of the API shares: one error shape, one kind of page."""

from typing import Any

from rest_framework import status
from rest_framework.exceptions import APIException, ValidationError
from rest_framework.pagination import CursorPagination
from rest_framework.response import Response
from rest_framework.views import exception_handler

from core.errors import DomainError, Invalid, NotAllowed


class NewestFirst(CursorPagination):
    """Cursor pages, newest first: `next`, `previous`, `results`."""

    page_size = 50
    max_page_size = 200
    page_size_query_param = "page_size"
    ordering = "-id"


def error(code: str, message: str, fields: dict[str, Any] | None = None) -> dict[str, Any]:
    """The one shape of errors."""
    return {"error": {"code": code, "message": message, "fields": fields or {}}}


def answer_to(problem: Exception, context: dict[str, Any]) -> Response | None:
    """Translate an exception into an answer; None lets it become a 500."""
    if isinstance(problem, Invalid):
        return Response(error(problem.code, str(problem), dict(problem.fields)), status.HTTP_400_BAD_REQUEST)
    if isinstance(problem, NotAllowed):
        return Response(error(problem.code, str(problem)), status.HTTP_403_FORBIDDEN)
    if isinstance(problem, DomainError):
        return Response(error(problem.code, str(problem)), status.HTTP_409_CONFLICT)
    response = exception_handler(problem, context)
    if response is None:
        return None
    if isinstance(problem, ValidationError):
        fields = response.data if isinstance(response.data, dict) else {"non_field_errors": response.data}
        response.data = error("invalid", "Some fields are not valid; see fields.", fields)
    elif isinstance(problem, APIException):
        response.data = error(str(problem.default_code), str(problem.detail))
    else:
        response.data = error(
            "not_found" if response.status_code == 404 else "not_allowed", str(problem) or "Not found."
        )
    return response
