"""Somebody's own page: her zone, light or dark, how she is paged, and leaving everywhere."""

from datetime import timedelta

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from core import clock
from incidents.models import Urgency
from notifications import outbox
from notifications.models import Kind
from web import sessions, wishes
from web.forms.profile import ZoneForm, zones
from web.pages.access import page, reader
from web.theme import THEME_COOKIE, THEMES

_TESTS_SHOWN = 4
_BETWEEN_TESTS = timedelta(minutes=1)
_YEAR = 365 * 24 * 3600


@require_http_methods(["GET", "HEAD", "POST"])
@page()
def me(request: HttpRequest) -> HttpResponse:
    """What Tocsin knows about her, and what happens when she is paged."""
    user = reader(request)
    form = ZoneForm(request.POST or None, initial={"time_zone": user.time_zone})
    if request.method == "POST" and form.is_valid():
        user.time_zone = form.cleaned_data["time_zone"]
        user.save(update_fields=["time_zone"])
        messages.success(request, f"Times are now shown in {user.time_zone}.")
        return HttpResponseRedirect(reverse("web:me"))
    rules = list(user.notification_rules.select_related("contact_method").order_by("position"))
    context = {
        "form": form,
        "zones": zones(),
        "themes": THEMES,
        "methods": [(method, wishes.doubt(method)) for method in user.contact_methods.order_by("name")],
        "high": wishes.told(user, [rule for rule in rules if rule.urgency == Urgency.HIGH]),
        "low": wishes.told(user, [rule for rule in rules if rule.urgency == Urgency.LOW]),
        "tests": user.deliveries.filter(kind=Kind.TEST).order_by("-id")[:_TESTS_SHOWN],
        "teams": user.teams.order_by("name"),
    }
    return render(request, "web/me.html", context, status=422 if form.is_bound else 200)


@require_POST
@page()
def test_page(request: HttpRequest) -> HttpResponse:
    """A harmless page to each of her contact methods, so that she knows how she will be woken."""
    user = reader(request)
    recent = user.deliveries.filter(kind=Kind.TEST, created_at__gt=clock.now() - _BETWEEN_TESTS)
    if recent.exists():
        messages.error(request, "A test page went out just now. Wait a minute before the next one.")
    elif outbox.try_out(user):
        messages.success(request, "A test page is on its way. What became of it shows here.")
    else:
        messages.error(request, "There is no contact method and no e-mail address to send a test page to.")
    return HttpResponseRedirect(reverse("web:me"))


@require_POST
@page()
def theme(request: HttpRequest) -> HttpResponse:
    """Light, dark, or like the system."""
    response = HttpResponseRedirect(reverse("web:me"))
    chosen = request.POST.get("theme", "")
    if chosen in {"light", "dark"}:
        response.set_cookie(
            THEME_COOKIE, chosen, max_age=_YEAR, secure=settings.SESSION_COOKIE_SECURE, httponly=True, samesite="Lax"
        )
    else:
        response.delete_cookie(THEME_COOKIE)
    return response


@require_POST
@page()
def sign_out_everywhere(request: HttpRequest) -> HttpResponse:
    """Every other browser has to sign in again."""
    ended = sessions.end_all(reader(request), but=request.session.session_key)
    messages.success(request, f"{ended} other session{'' if ended == 1 else 's'} ended. You stay signed in here.")
    return HttpResponseRedirect(reverse("web:me"))
