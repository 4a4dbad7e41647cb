"""What can be done to an incident, as forms. Every answer leads back to a page, so they work without JavaScript."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from accounts.models import Role
from core.errors import DomainError, Invalid
from escalation import manual
from incidents import lifecycle, merging
from incidents.actor import Actor, Via, person
from incidents.models import Incident
from web.forms.actions import MergeForm, NoteForm, ReassignForm, SnoozeForm
from web.pages.access import page, reader

Change = Callable[[HttpRequest, int, Actor], str]


def _action(change: Change) -> Callable[[HttpRequest, int], HttpResponse]:
    """A view around a change: refusals become a message on the page the form stood on."""

    @require_POST
    @page(Role.RESPONDER)
    @wraps(change)
    def view(request: HttpRequest, pk: int) -> HttpResponse:
        try:
            messages.success(request, change(request, pk, person(reader(request), Via.WEB)))
        except Incident.DoesNotExist:
            raise Http404(f"There is no incident #{pk}.") from None
        except DomainError as refusal:
            messages.error(request, str(refusal))
        return HttpResponseRedirect(_back(request, pk))

    return view


def _back(request: HttpRequest, pk: int) -> str:
    come_back = request.POST.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(come_back, allowed_hosts=None) and come_back.startswith("/")
    return come_back if is_ours else reverse("web:incident", args=[pk])


def _checked(form: forms.Form) -> dict[str, Any]:
    """What a valid form says. Raises Invalid with the form's first complaint."""
    if not form.is_valid():
        name, complaints = next(iter(form.errors.items()))
        raise Invalid(f"{name.capitalize()}: {complaints[0]}")
    return form.cleaned_data


@_action
def acknowledge(request: HttpRequest, pk: int, by: Actor) -> str:
    """You have it."""
    return f"You have #{pk}." if lifecycle.acknowledge(pk, by=by) else f"#{pk} was acknowledged already."


@_action
def unacknowledge(request: HttpRequest, pk: int, by: Actor) -> str:
    """Nobody has it any more."""
    lifecycle.unacknowledge(pk, by=by)
    return f"#{pk} is released: others are paged again."


@_action
def resolve(request: HttpRequest, pk: int, by: Actor) -> str:
    """It is over."""
    return f"#{pk} is resolved." if lifecycle.resolve(pk, by=by) else f"#{pk} was resolved already."


@_action
def reopen(request: HttpRequest, pk: int, by: Actor) -> str:
    """It was not over."""
    lifecycle.reopen(pk, by=by)
    return f"#{pk} is open again."


@_action
def snooze(request: HttpRequest, pk: int, by: Actor) -> str:
    """Leave people alone for a while."""
    form = SnoozeForm(request.POST)
    _checked(form)
    until = form.until()
    lifecycle.snooze(pk, until=until, by=by)
    return f"#{pk} is snoozed until {timezone.localtime(until):%a %H:%M}."


@_action
def note(request: HttpRequest, pk: int, by: Actor) -> str:
    """Write something down."""
    lifecycle.note(pk, text=str(_checked(NoteForm(request.POST))["text"]), by=by)
    return "Your note is in the timeline."


@_action
def merge(request: HttpRequest, pk: int, by: Actor) -> str:
    """It is a part of another one."""
    into = int(_checked(MergeForm(request.POST))["into"])
    if not Incident.objects.filter(pk=into).exists():
        raise Invalid(f"There is no incident #{into}. Look up its number in the list.")
    merging.merge(pk, into=into, by=by)
    return f"#{pk} is now a part of #{into}."


@_action
def escalate(request: HttpRequest, pk: int, by: Actor) -> str:
    """Take the next step now."""
    manual.escalate(pk, by=by)
    return "The next step is taken now."


@_action
def reassign(request: HttpRequest, pk: int, by: Actor) -> str:
    """Somebody else is to have it."""
    chosen = _checked(ReassignForm(request.POST))["person"]
    manual.reassign(pk, users=[chosen], by=by)
    return f"{chosen.shown_name} is being paged."
