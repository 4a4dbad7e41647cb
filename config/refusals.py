"""What Django answers by itself where no view could: for the API in the API's shape."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views import defaults

from core.api import error


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """400, for example for a Host we do not answer to."""
    if _is_api(request):
        return JsonResponse(error("bad_request", "The request is not one we can read."), status=400)
    return defaults.bad_request(request, exception)


def server_error(request: HttpRequest) -> HttpResponse:
    """500: our fault. It stands in the log with its cause."""
    if _is_api(request):
        return JsonResponse(error("server_error", "Something is wrong on our side. The log says what."), status=500)
    return defaults.server_error(request)


def _is_api(request: HttpRequest) -> bool:
    return request.path.startswith("/api/")
