"""What no part of Tocsin can use, refused before any part sees it."""

from collections.abc import Awaitable, Callable
from typing import Any, cast

from asgiref.sync import iscoroutinefunction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.decorators import sync_and_async_middleware

from core.api import error

Answer = Callable[[HttpRequest], Any]


@sync_and_async_middleware
def refuse_nul(get_response: Answer) -> Answer:
    """400 for a NUL in the path or the query: PostgreSQL holds no such text, so nothing can be meant by it."""
    if iscoroutinefunction(get_response):

        async def answer_later(request: HttpRequest) -> HttpResponse:
            refusal = _refusal(request)
            return refusal if refusal is not None else await cast("Awaitable[HttpResponse]", get_response(request))

        return answer_later

    def answer(request: HttpRequest) -> HttpResponse:
        refusal = _refusal(request)
        return refusal if refusal is not None else cast("HttpResponse", get_response(request))

    return answer


def _refusal(request: HttpRequest) -> HttpResponse | None:
    if "\x00" in request.path or "%00" in request.META.get("QUERY_STRING", ""):
        return JsonResponse(error("invalid", "The address holds a NUL character. Leave it out."), status=400)
    return None
