"""Times as templates write them: in the reader's zone, and in words."""

import re
from datetime import UTC, datetime, timedelta

from django import template
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from core import clock, durations
from incidents.timeline import Kind
from web import moments

register = template.Library()

# As incidents write a moment into a timeline, which is one text for readers in many zones. What is quoted stands in
# parentheses after it.
_WRITTEN = re.compile(r"^([^(]*? until )(\d{4}-\d\d-\d\d \d\d:\d\d UTC)\b")
_UNTIL = frozenset({Kind.SNOOZED, Kind.MUTED})


@register.simple_tag
def when(moment: datetime | None) -> SafeString | str:
    """How long ago or ahead, with the exact wall time of the reader's zone in its title."""
    if moment is None:
        return "–"
    local = timezone.localtime(moment)
    return format_html(
        '<time datetime="{}" title="{}" data-relative>{}</time>',
        moment.isoformat(),
        f"{local:%A} {local.day} {local:%B %Y, %H:%M:%S} {local.tzname()}",
        moments.relative(moment, now=clock.now()),
    )


@register.simple_tag
def at_time(moment: datetime | None) -> SafeString | str:
    """Wall time in the reader's zone: `03:12` today, else with the day."""
    if moment is None:
        return "–"
    local = timezone.localtime(moment)
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        moment.isoformat(),
        f"{local:%A} {local.day} {local:%B %Y, %H:%M:%S} {local.tzname()}",
        _short(local, timezone.localtime(clock.now())),
    )


def _short(local: datetime, now: datetime) -> str:
    if local.date() == now.date():
        return f"{local:%H:%M}"
    if abs(local - now) < timedelta(days=6):
        return f"{local:%a %H:%M}"
    year = f" {local.year}" if local.year != now.year else ""
    return f"{local.day} {local:%b}{year}, {local:%H:%M}"


@register.filter
def span(length: timedelta) -> str:
    """A length of time in words."""
    return moments.span(length)


@register.filter
def duration(length: timedelta) -> str:
    """A length of time as people write it in settings: 1h 30m."""
    return durations.write(length)


@register.filter
def in_zone(text: str, kind: str) -> SafeString | str:
    """What the timeline says of an entry, with the moment until which it holds as wall time of the reader's zone.

    Only of kinds whose sentence begins with such a moment: the others quote titles and comments, which stay so.
    """
    if kind not in _UNTIL:
        return text
    found = _WRITTEN.match(text)
    if found is None:
        return text
    return format_html("{}{}{}", found[1], _shown(found[2]), text[found.end() :])


def _shown(written: str) -> SafeString | str:
    try:
        return at_time(datetime.strptime(written, "%Y-%m-%d %H:%M UTC").replace(tzinfo=UTC))
    except (ValueError, OverflowError):  # of no calendar
        return written


@register.simple_tag
def now_iso() -> str:
    """This moment by the database's clock, so that browsers count from it and not from their own."""
    return clock.now().isoformat()
