"""What Slack posts to us: pressed buttons, commands, events. Signed, fresh, once; only people we know may act."""

import json
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import structlog
from django.conf import settings
from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST
from slack_sdk.signature import Clock, SignatureVerifier

from accounts.models import User
from core import clock
from core import outgoing as http
from incidents.actor import Via
from incidents.models import Incident
from notifications import composing, messages, outbox, replies, seen, slack_message, texting
from notifications.models import ContactMethod
from notifications.replies import Verb
from notifications.texting import Word

log = structlog.get_logger(__name__)

Json = dict[str, Any]

_ANSWER_WITHIN = 2.0  # seconds for a word back; Slack waits three for us
_MOST_LISTED = 10
_TIMESTAMP = re.compile(r"[0-9]{1,12}")
_VERBS = {slack_message.ACKNOWLEDGE: Verb.ACKNOWLEDGE, slack_message.RESOLVE: Verb.RESOLVE}
_HELP = "Say `ack 12`, `resolve 12`, or `list` for what is open."
_LOST_US = {"tokens_revoked", "app_uninstalled"}


def _from_slack(view: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Lets in what Slack has signed within five minutes, and each signature once."""

    @csrf_exempt  # Slack's signature stands in for the cookie it cannot have
    @require_POST
    def checked(request: HttpRequest) -> HttpResponse:
        body = request.body
        signature = request.headers.get("X-Slack-Signature", "")
        timestamp = request.headers.get("X-Slack-Request-Timestamp", "")
        if not _is_signed(body, timestamp, signature):
            return _refused("The signature does not fit, or is older than five minutes. Check SLACK_SIGNING_SECRET.")
        with transaction.atomic():
            if not seen.is_new("slack", signature):
                return _refused("This very request was here before.")
            return view(request)

    return checked


@_from_slack
def interactivity(request: HttpRequest) -> HttpResponse:
    """A button was pressed."""
    payload = _json(request.POST.get("payload", ""))
    presser = str((payload.get("user") or {}).get("id", ""))
    for action in payload.get("actions") or []:
        verb = _VERBS.get(str(action.get("action_id", "")))
        number = str(action.get("value", ""))
        if verb is None or not number.isdigit():
            continue
        user = _person(presser)
        changed, text = _acted(user, int(number), verb) if user else (False, _stranger(presser))
        if not changed:
            _say_after_commit(str(payload.get("response_url", "")), text)
    return HttpResponse()


@_from_slack
def commands(request: HttpRequest) -> HttpResponse:
    """A slash command was typed: the same words as in a text message."""
    slack_id = request.POST.get("user_id", "")
    user = _person(slack_id)
    if user is None:
        return _only_to_her(_stranger(slack_id))
    said = texting.read(request.POST.get("text", ""))
    if said.verb is not None and said.number is not None:
        return _only_to_her(_acted(user, said.number, said.verb)[1])
    if said.verb is not None:
        return _only_to_her("Name the incident: `ack 12`.")
    return _only_to_her(_open_incidents(user) if said.word is Word.LIST else _HELP)


@_from_slack
def events(request: HttpRequest) -> HttpResponse:
    """Slack checks the address, or tells what happened in the workspace; each event once."""
    envelope = _json(request.body)
    if envelope.get("type") == "url_verification":
        return JsonResponse({"challenge": str(envelope.get("challenge", ""))})
    event_id = str(envelope.get("event_id", ""))
    kind = str((envelope.get("event") or {}).get("type", ""))
    if event_id and seen.is_new("slack-event", event_id) and kind in _LOST_US:
        _tell_admins(kind)
    return HttpResponse()


class _OurClock(Clock):
    def now(self) -> float:
        return clock.now().timestamp()


def _is_signed(body: bytes, timestamp: str, signature: str) -> bool:
    secret = settings.SLACK_SIGNING_SECRET
    # The SDK raises where the timestamp is no number or a huge one, or where anything is no text.
    if not secret or not _TIMESTAMP.fullmatch(timestamp) or not signature.isascii():
        return False
    try:
        return SignatureVerifier(secret, _OurClock()).is_valid(body, timestamp, signature)
    except UnicodeDecodeError:
        return False


def _person(slack_id: str) -> User | None:
    methods = ContactMethod.objects.filter(channel="slack", address=slack_id, verified_at__isnull=False)
    method = methods.filter(user__is_active=True).select_related("user").order_by("id").first()
    return method.user if method else None


def _acted(user: User, number: int, verb: Verb) -> tuple[bool, str]:
    """Whether the incident moved, and what to tell her."""
    answer = replies.act(user, number, verb, Via.SLACK)
    return answer.changed, slack_message.escaped(answer.text, 3000)


def _stranger(slack_id: str) -> str:
    return (
        f"Tocsin does not know your Slack account ({slack_message.escaped(slack_id, 40)}), so nothing was done. "
        "Add it to your contact methods, or ask an admin to."
    )


def _open_incidents(user: User) -> str:
    found = Incident.objects.visible_to(user).open().select_related("service", "acknowledged_by", "resolved_by")
    lines = []
    for incident in found.order_by("-id")[:_MOST_LISTED]:
        facts = composing.facts_of(incident)
        where = messages.standing(facts, time_zone=user.time_zone)
        lines.append(f"<{facts.url}|#{facts.number}> {slack_message.escaped(f'{facts.title} ({where})', 300)}")
    return "\n".join(lines) or "Nothing is open."


def _tell_admins(kind: str) -> None:
    for admin in User.objects.admins():
        outbox.notice(
            admin,
            subject="Slack no longer lets Tocsin in",
            text=f"Slack says “{kind.replace('_', ' ')}”. Nobody can be paged there until the app is installed anew.",
            once=f"slack:{kind}:{clock.now().date()}",
        )


def _say_after_commit(response_url: str, text: str) -> None:
    """A word that only the presser sees."""
    if not _is_slacks(response_url):
        return

    def say() -> None:
        body = {"response_type": "ephemeral", "replace_original": False, "text": text}
        try:
            http.exchange(http.provider_client("slack"), "POST", response_url, json=body, total=_ANSWER_WITHIN)
        except (http.NotSent, http.NoAnswer, http.Refused) as trouble:
            log.info("slack.answer_lost", reason=str(trouble))

    transaction.on_commit(say)


def _is_slacks(url: str) -> bool:
    ours = urlsplit(settings.SLACK_API_URL)
    there = urlsplit(url)
    return (there.scheme, there.netloc) in {("https", "hooks.slack.com"), (ours.scheme, ours.netloc)}


def _only_to_her(text: str) -> HttpResponse:
    return JsonResponse({"response_type": "ephemeral", "text": text})


def _refused(text: str) -> HttpResponse:
    return HttpResponse(text, status=403, content_type="text/plain; charset=utf-8")


def _json(text: str | bytes) -> Json:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
