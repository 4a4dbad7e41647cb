"""What a text message from a telephone means, and the words that go back."""

from django.db.models import QuerySet

from core import clock
from incidents import lifecycle
from incidents.actor import Via
from incidents.models import Incident
from incidents.states import OPEN, Status
from notifications import composing, messages, methods, replies, texting
from notifications.models import ContactMethod, Delivery, Kind
from notifications.texting import Said, Word

CHANNEL = "sms"
_MOST_NAMED = 3

_HELP = "Tocsin: reply 1 to acknowledge, 2 to resolve the last page; 1 12 or 2 12 for incident #12. STOP ends texts."


def answer_to(number: str, text: str) -> str:
    """Do what the text asks for. Returns the words back; empty where silence is right."""
    if not ContactMethod.objects.filter(channel=CHANNEL, address=number).exists():
        return "Tocsin does not know this number. Pages can only be answered from a number they were sent to."
    said = texting.read(text)
    if said.verb is not None:
        return messages.plain(_acted(number, said))
    match said.word:
        case Word.STOP:
            methods.disable(CHANNEL, number, reason=methods.STOPPED, incident=_last_open(number))
            return ""  # the carrier answers itself, and takes no further text from us
        case Word.START:
            methods.enable(CHANNEL, number, reason=methods.STOPPED)
            return "Tocsin will page you by SMS again."
        case Word.LIST:
            return messages.plain(_waiting(number) or "No page waits for your answer.")
        case _:
            return _HELP


def _acted(number: str, said: Said) -> str:
    pages = _pages_to(number)
    page = pages.first() if said.number is None else pages.filter(incident_id=said.number).first()
    if page is None or page.user is None or page.incident_id is None or said.verb is None:
        asked = f"#{said.number} was not paged to this number." if said.number else "No page was sent to this number."
        return f"{asked} Open Tocsin to see what is open."
    answer = replies.act(page.user, page.incident_id, said.verb, Via.SMS)
    return " ".join(filter(None, [answer.text, _waiting(number)]))


def _waiting(number: str) -> str:
    """Which other pages to this number nobody has answered, and how to: `Still waiting: #13 (reply 1 13).`"""
    recent = _pages_to(number).filter(tried_at__gt=clock.now() - composing.ANSWERABLE_FOR)
    unanswered = recent.filter(incident__status=Status.TRIGGERED).values_list("incident_id", flat=True)
    numbers = list(dict.fromkeys(unanswered))
    if not numbers:
        return ""
    named = ", ".join(f"#{each}" for each in numbers[:_MOST_NAMED])
    more = f" and {len(numbers) - _MOST_NAMED} more" if len(numbers) > _MOST_NAMED else ""
    return f"Still waiting: {named}{more} (reply 1 {numbers[0]})."


def _pages_to(number: str) -> "QuerySet[Delivery]":
    """Pages to this number whose owner still has it, the last sent first."""
    owners = list(ContactMethod.objects.filter(channel=CHANNEL, address=number).values_list("user_id", flat=True))
    return (
        Delivery.objects.filter(kind=Kind.PAGE, channel=CHANNEL, address=number, attempts__gt=0)
        .filter(user__in=owners)
        .select_related("user")
        .order_by("-tried_at", "-id")
    )


def _last_open(number: str) -> Incident | None:
    page = _pages_to(number).filter(incident__status__in=OPEN).first()
    return lifecycle.locked(page.incident_id) if page and page.incident_id else None
