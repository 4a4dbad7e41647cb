"""The page behind the link in an e-mail: shows the incident, and a button that posts. Opening it changes nothing."""

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from accounts.models import User
from incidents.actor import Via
from incidents.models import Incident
from incidents.states import Status
from notifications import composing, links, messages, replies
from notifications.replies import Verb

_PAGE = "notifications/link.html"
_MAY = {
    Status.HELD: (Verb.ACKNOWLEDGE, Verb.RESOLVE),
    Status.TRIGGERED: (Verb.ACKNOWLEDGE, Verb.RESOLVE),
    Status.SNOOZED: (Verb.ACKNOWLEDGE, Verb.RESOLVE),
    Status.ACKNOWLEDGED: (Verb.RESOLVE,),
    Status.RESOLVED: (),
}


@csrf_exempt  # the link itself is the secret that nobody else can know; mail programs' browsers often keep no cookies
@require_http_methods(["GET", "HEAD", "POST"])
def page(request: HttpRequest, token: str) -> HttpResponse:
    """GET shows, POST acts and comes back here. Works without signing in."""
    try:
        grant = links.read(token)
    except links.LinkExpired as expired:
        return _closed(request, status=410, incident=_incident(expired.incident_id))
    except links.LinkUnknown:
        return _closed(request, status=404)
    user = User.objects.active().filter(pk=grant.user_id).first()
    incident = _incident(grant.incident_id)
    if user is None or incident is None:
        return _closed(request, status=404)
    if request.method != "POST":
        return _shown(request, incident, user)
    if request.POST.get("verb", "") not in list(Verb):
        return _shown(request, incident, user, problem="Press one of the buttons.", status=400)
    answer = replies.act(user, incident.pk, Verb(request.POST["verb"]), Via.EMAIL)
    if not answer.changed:
        return _shown(request, _incident(incident.pk) or incident, user, problem=answer.text)
    return _private(HttpResponseRedirect(request.path, status=303))


def _shown(
    request: HttpRequest, incident: Incident, user: User, *, problem: str = "", status: int = 200
) -> HttpResponse:
    facts = composing.facts_of(incident)
    context = {
        "facts": facts,
        "person": user,
        "problem": problem,
        "standing": messages.standing(facts, time_zone=user.time_zone),
        "opened": messages.local_with_day(facts.opened_at, user.time_zone),
        "verbs": [(str(verb), verb.capitalize()) for verb in _MAY[facts.status]],
    }
    return _private(render(request, _PAGE, context, status=status))


def _closed(request: HttpRequest, *, status: int, incident: Incident | None = None) -> HttpResponse:
    url = composing.incident_url(incident) if incident else ""
    return _private(render(request, _PAGE, {"is_closed": True, "is_expired": status == 410, "url": url}, status=status))


def _incident(pk: int) -> Incident | None:
    related = Incident.objects.select_related("service", "acknowledged_by", "resolved_by")
    return related.filter(pk=pk).first()


def _private(response: HttpResponse) -> HttpResponse:
    # The address is a secret: it must not leave with a referrer, stay in a cache or be indexed.
    response["Referrer-Policy"] = "no-referrer"
    response["Cache-Control"] = "no-store, private"
    response["X-Robots-Tag"] = "noindex"
    return response
