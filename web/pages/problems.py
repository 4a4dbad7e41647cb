"""The page of what went wrong and waits for a person."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from web import findings, missing, reading
from web import problems as waiting
from web.findings import Weight
from web.pages.access import page, reader


@require_safe
@page()
def problems(request: HttpRequest) -> HttpResponse:
    """Pages that failed, messages nobody could read, rows that raise, and what is missing or late."""
    found = [*findings.of_processes(), *missing.all_of_it()]
    context = {
        "problems": waiting.problems(
            reader(request),
            before=reading.before(request.GET.get("before", "")),
            events_before=reading.before(request.GET.get("events_before", "")),
        ),
        "findings": [finding for finding in found if finding.weight is not Weight.OK],
    }
    return render(request, "web/problems.html", context)
