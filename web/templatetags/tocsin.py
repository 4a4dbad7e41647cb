"""What templates compute: icons, reasons in words, safe links. Times are in `times`."""

import re
from collections.abc import Sequence, Sized
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from django import template
from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from accounts.models import Role, User
from alerts.models import Alert
from alerts.parsing.mend import clean_text, decode
from incidents.actor import Actor, ActorKind, Via
from incidents.models import Incident, TimelineEntry
from notifications.channel import label_of, masked
from notifications.models import Delivery
from web import reading, remedies, words
from web import why as decisions
from web.templatetags import times
from web.theme import THEME_COOKIE

register = template.Library()


@register.filter
def heartbeat_status(state: str) -> str:
    """Which look a heartbeat's state has."""
    return words.HEARTBEAT_LOOKS.get(state, "unknown")


@register.inclusion_tag("components/icon.html")
def icon(name: str) -> dict[str, str]:
    """One of the drawings of components/icons.html; for the eye only, the word stands beside it."""
    return {"name": name}


@register.filter
def grouped(number: int) -> str:
    """A number of people's size: 12,345."""
    return f"{number:,}"


@register.filter
def less(number: int, shown: Sized) -> int:
    """How many more there are than are shown."""
    return number - len(shown)


@register.filter
def why_muted(incident: Incident) -> SafeString:
    """What mutes an incident, until when in the reader's zone, and why."""
    told = incident.muted or {}
    by = f" by {told['by']}" if told.get("by") else ""
    beginnings = {"silenced": "Silenced", "maintenance": "Under maintenance", "inhibited": "Inhibited"}
    begin = beginnings.get(str(told.get("reason")), "Muted")
    until = datetime.fromisoformat(told["until"]) if told.get("until") else None
    moment = format_html(" until {}, {}", times.at_time(until), times.when(until)) if until else ""
    comment = f": {told['comment']}" if told.get("comment") else "."
    return format_html("{}{}{} ({}){}", begin, by, moment, told.get("what"), comment)


@register.filter
def reason(name: str) -> str:
    """A named reason as a sentence."""
    return words.reason(name)


@register.filter
def channel(slug: str) -> str:
    """What people call a channel."""
    return label_of(slug) if slug else "No way"


@register.filter
def web_link(href: object) -> str:
    """The address if it is http or https, else nothing: alerts may hold any text, also `javascript:`."""
    text = str(href).strip()
    try:
        parts = urlsplit(text)
    except ValueError:
        return ""
    return text if parts.scheme in {"http", "https"} and parts.hostname else ""


@register.filter
def host(href: str) -> str:
    """The host of an address, shown beside its link so that nobody is led astray."""
    return urlsplit(href).netloc.rpartition("@")[2]


@register.filter
def initials(user: User) -> str:
    """Two letters for a face."""
    parts = user.shown_name.split()
    return (parts[0][0] + parts[-1][0]) if len(parts) > 1 else user.shown_name[:2]


@register.filter
def way(via: str) -> str:
    """By which way somebody acted, as the end of a sentence."""
    return words.WAYS.get(via, via)


@register.filter
def may_act(user: User) -> bool:
    """Whether this person may change incidents."""
    return user.is_at_least(Role.RESPONDER)


@register.filter
def what_to_do(reason: str) -> str:
    """About a message in quarantine."""
    return remedies.what_to_do(reason)


@register.filter
def readable(body: bytes) -> str:
    """The beginning of a message as text, whatever it is."""
    return clean_text(decode(bytes(body))[0])[0]


@register.filter
def may_manage(user: User) -> bool:
    """Whether this person may change how things are set up."""
    return user.is_at_least(Role.MANAGER)


@register.filter
def in_place(url_name: str, place: str) -> bool:
    """Whether a page belongs to a place of the navigation: its URL's name begins with it."""
    return url_name.startswith(place)


@register.filter
def theme(request: HttpRequest) -> str:
    """The reader's own choice of light or dark; empty follows the system."""
    chosen = request.COOKIES.get(THEME_COOKIE, "")
    return chosen if chosen in {"light", "dark"} else ""


@register.simple_tag
def socket_address() -> str:
    """Where live updates come from; empty where there is no Redis to carry them, then pages poll."""
    return "/ws/" if settings.REDIS_URL else ""


@register.simple_tag
def triggered_count(user: User) -> int:
    """How many incidents nobody has."""
    return reading.triggered_count(user)


@register.simple_tag
def verb_url(verb: str, pk: int) -> str:
    """Where the form of a verb posts to."""
    return reverse(f"web:incident-{verb}", args=[pk])


@register.filter
def masked_address(delivery: Delivery) -> str:
    """The address as others may see it."""
    return masked(delivery.channel, delivery.address)


@register.filter
def delivery_word(delivery: Delivery) -> str:
    """What became of it, in a word or two."""
    if delivery.reason == "accepted_without_receipt":
        return "Accepted"
    return words.DELIVERY_STATUSES.get(delivery.status, delivery.status)


@register.filter
def delivery_reason(delivery: Delivery) -> str:
    """Why it is where it is; empty where there is nothing to explain."""
    is_plain = not delivery.reason or delivery.reason in words.CHOSEN or delivery.reason in words.PLAIN_REASONS
    return "" if is_plain else words.reason(delivery.reason)


@register.filter
def chosen(reason: str) -> str:
    """Why a step chose somebody."""
    return words.CHOSEN.get(reason, "")


@register.filter
def tone(kind: str) -> str:
    """The colour of a timeline entry, by what happened."""
    return words.KINDS.get(kind, words.PLAIN).tone


@register.filter
def drawing(kind: str) -> str:
    """The icon of a timeline entry, by what happened."""
    return words.KINDS.get(kind, words.PLAIN).icon


@register.filter
def actor(entry: TimelineEntry) -> str:
    """Who did it and by which way."""
    return Actor(ActorKind(entry.actor_kind), entry.actor_name, Via(entry.via), entry.actor_user_id).phrase


@register.filter
def entry_reason(entry: TimelineEntry) -> str:
    """The named reason as a sentence, where the entry's own sentence does not say it already."""
    return words.REASONS.get(entry.reason, "")


@dataclass(frozen=True)
class Link:
    """A link of an alert, safe to follow: http or https only."""

    href: str
    text: str
    host: str


@register.filter
def links(alert: Alert) -> list[Link]:
    """Where to read on: the source's links, and annotations and labels that are addresses."""
    found = [(str(item.get("text") or "Open"), item.get("href")) for item in alert.links if isinstance(item, dict)]
    found += [(words.sentence(key.removesuffix("_url")), value) for key, value in alert.annotations.items()]
    safe = {href: text for text, value in reversed(found) if (href := web_link(value))}
    return [Link(href, text, host(href)) for href, text in reversed(safe.items())]


@register.filter
def annotations(alert: Alert) -> list[tuple[str, str]]:
    """What the source says about it, without what is said elsewhere: addresses that are links, the description."""
    found = [(key, str(value)) for key, value in alert.annotations.items() if value and not web_link(value)]
    return [(key, text) for key, text in found if text != alert.description]


@register.filter
def apart(alert: Alert, others: Sequence[Alert]) -> str:
    """What tells it from others of the same title."""
    return words.apart(alert.labels, [each.labels for each in others if each.title == alert.title])


@register.filter
def why(alert: Alert) -> list[tuple[str, str]]:
    """Each decision about it by name, and the reason in words."""
    return decisions.told(alert.reasons)


@register.filter
def commands(text: str) -> SafeString:
    """The text with what stands between backticks set as code."""
    parts = enumerate(text.split("`"))
    return format_html_join(
        "", "{}", ((format_html("<code>{}</code>", part) if odd % 2 else part,) for odd, part in parts)
    )


@register.filter
def breakable(text: str) -> SafeString:
    """The text with places where a narrow column may break it: after = and the like, not within names."""
    return format_html_join("", "{}<wbr>", ((part,) for part in re.split(r"(?<=[=,/:])", text)))
