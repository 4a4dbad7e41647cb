"""Maintenance windows: the list, planning and changing one with a live preview, ending it early."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import Role
from alerts.muting import reading as mute_reading
from alerts.muting import windows
from alerts.muting.models import MaintenanceWindow
from core import clock
from core.errors import DomainError, Invalid
from web import reading
from web.forms.muting import WindowForm, of_window
from web.pages.access import page, reader
from web.pages.silences import previewed


@require_safe
@page()
def window_list(request: HttpRequest) -> HttpResponse:
    """What is worked on now, and what is planned."""
    found = mute_reading.windows(reader(request))
    shown = reading.keyset(found, reading.before(request.GET.get("before", "")))
    shown.rows.sort(key=lambda each: (not each.is_on, each.occurrence_starts_at is None, each.occurrence_starts_at))
    listed = [(each, windows.upcoming(each)) for each in shown.rows]
    return render(request, "web/maintenance.html", {"listed": listed, "older": shown.older})


@require_http_methods(["GET", "HEAD", "POST"])
@page(Role.RESPONDER)
def window_new(request: HttpRequest) -> HttpResponse:
    """The form; then the window."""
    form = WindowForm(request.POST or None, initial={"time_zone": reader(request).time_zone})
    if _is_sent(request, form):
        try:
            window = windows.create(form.wish(), owner=reader(request).username)
            _tell(request, window)
            return HttpResponseRedirect(reverse("web:maintenance"))
        except Invalid as problem:
            _complain(form, problem)
    return _shown(request, form, None)


@require_http_methods(["GET", "HEAD", "POST"])
@page(Role.RESPONDER)
def window_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """The form of one that is there."""
    window = get_object_or_404(MaintenanceWindow, pk=pk)
    form = WindowForm(request.POST or None, initial=of_window(window))
    if _is_sent(request, form):
        try:
            _tell(request, windows.change(pk, form.wish(is_active=window.is_active)))
            return HttpResponseRedirect(reverse("web:maintenance"))
        except Invalid as problem:
            _complain(form, problem)
    return _shown(request, form, window)


@require_POST
@page(Role.RESPONDER)
def window_end(request: HttpRequest, pk: int) -> HttpResponse:
    """End the time that is on: what it mutes and still fires pages now."""
    window = get_object_or_404(MaintenanceWindow, pk=pk)
    try:
        windows.end(pk, by=reader(request).username)
        messages.success(request, f"“{window.name}” is over. What still fires pages now.")
    except DomainError as refusal:
        messages.error(request, str(refusal))
    return HttpResponseRedirect(reverse("web:maintenance"))


def _tell(request: HttpRequest, window: MaintenanceWindow) -> None:
    if window.is_on:
        messages.success(request, f"“{window.name}” is on. Nobody is paged for what it is about.")
    elif window.occurrence_starts_at is not None and window.occurrence_starts_at > clock.now():
        messages.success(request, f"“{window.name}” is planned.")
    else:
        messages.warning(request, f"“{window.name}” is kept, but all of its times are over.")


def _is_sent(request: HttpRequest, form: WindowForm) -> bool:
    return request.method == "POST" and "preview" not in request.POST and form.is_valid()


def _complain(form: WindowForm, problem: Invalid) -> None:
    for field, text in problem.fields.items():
        form.add_error(field if field in form.fields else None, text)


def _shown(request: HttpRequest, form: WindowForm, window: MaintenanceWindow | None) -> HttpResponse:
    asks_preview = "preview" in request.POST
    context: dict[str, Any] = {"form": form, "window": window}
    if asks_preview:
        context |= previewed(form)
    status = 422 if form.is_bound and not asks_preview else 200
    return render(request, "web/window_form.html", context, status=status)
