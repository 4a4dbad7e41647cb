"""What machines ask: is the process there, may it be sent requests, how late is the oldest due row."""

from typing import Any

from django.db import Error
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from accounts.api_keys import ApiKeyAuthentication
from web import findings, metrics
from web.asking import is_this_machine
from web.findings import Finding, Weight

_WHO = "Ask from this machine, or with `Authorization: Bearer <api key>`.\n"


@never_cache
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """This process answers. Asks nobody else, so that trouble elsewhere does not get it restarted."""
    return HttpResponse("ok\n", content_type="text/plain")


@never_cache
@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """200 while the database answers and its tables are ours, else 503. Other trouble is shown, not failed."""
    try:
        may_see = _may_see_details(request)
    except Error:
        may_see = False
    found = findings.of_processes() if may_see else findings.needed()
    is_ready = all(each.weight is not Weight.BROKEN for each in found if each.name in findings.NEEDED)
    answer: dict[str, Any] = {"status": "ready" if is_ready else "not ready"}
    if may_see:
        answer["checks"] = [_shown(each) for each in found]
    return JsonResponse(answer, status=200 if is_ready else 503)


def _shown(finding: Finding) -> dict[str, str]:
    return {"name": finding.name, "status": finding.weight, "says": finding.says, "remedy": finding.remedy}


@never_cache
@require_safe
def prometheus(request: HttpRequest) -> HttpResponse:
    """The figures of this process and of the database, in Prometheus' format."""
    try:
        may_see = _may_see_details(request)
    except Error:
        # Whose key it is nobody can say now, and this of all moments is one to tell of.
        return HttpResponse(generate_latest(metrics.without_database()), content_type=CONTENT_TYPE_LATEST)
    if not may_see:
        return HttpResponse(_WHO, status=403, content_type="text/plain")
    return HttpResponse(generate_latest(metrics.registry()), content_type=CONTENT_TYPE_LATEST)


def _may_see_details(request: HttpRequest) -> bool:
    """Raises django.db.Error where a key was sent and the database does not say whose it is."""
    return is_this_machine(request) or _has_key(request)


def _has_key(request: HttpRequest) -> bool:
    try:
        return ApiKeyAuthentication().authenticate(Request(request)) is not None
    except AuthenticationFailed:
        return False
