"""Writes the Markdown of a draft from a template's sections and an incident's facts. Pure: values in, text out."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from notifications.channel import label_of
from postmortems.facts import MOST_ROWS, Facts, Happening, Page, people
from postmortems.sections import Fact, Section
from postmortems.wording import moment, plain, span, table


def body(sections: Sequence[Section], facts: Facts) -> str:
    """The text somebody starts to write in: guidance as quotations, facts filled in."""
    return "\n".join(_section(each, facts) for each in sections)


def timeline(facts: Facts) -> str:
    """The incident's timeline as a table."""
    rows = [(*_two_clocks(each.at, facts), plain(_sentence(each))) for each in facts.happenings]
    if not rows:
        return "Nothing was recorded."
    return table((f"Time ({facts.zone.key})", "UTC", "What happened"), rows) + _left_out(facts, "timeline")


def _section(section: Section, facts: Facts) -> str:
    blocks = [f"## {section.heading}"]
    if section.guidance:
        blocks.append("\n".join(f"> {line}".rstrip() for line in section.guidance.splitlines()))
    blocks += [_WRITERS[fact](facts) for fact in section.facts]
    if not section.facts:
        blocks.append("")
    return "\n\n".join(blocks) + "\n"


def _summary(facts: Facts) -> str:
    lines = [
        ("Incident", f"[#{facts.number} {plain(facts.title)}]({facts.url})"),
        ("Service", f"{plain(facts.service)} (team {plain(facts.team)})"),
        ("Urgency", facts.urgency + (f", severity {facts.severity}" if facts.severity else "")),
        ("Began", moment(facts.began_at, facts.zone)),
        ("Acknowledged", _acknowledged(facts)),
        ("Resolved", _resolved(facts)),
        ("Alerts", _alerts_in_short(facts)),
        ("Pages", _pages_in_short(facts)),
    ]
    return "\n".join(f"- **{name}:** {text}" for name, text in lines)


def _acknowledged(facts: Facts) -> str:
    entry = facts.acknowledged
    if entry is None:
        return "by nobody"
    took = span(entry.at - facts.triggered_at)
    return f"{moment(entry.at, facts.zone)} by {plain(entry.phrase)}, after {took}"


def _resolved(facts: Facts) -> str:
    entry = facts.resolved
    if entry is None:
        return "not yet"
    return f"{moment(entry.at, facts.zone)} by {plain(entry.phrase)}, after {span(entry.at - facts.began_at)}"


def _alerts_in_short(facts: Facts) -> str:
    count = len(facts.alerts) + facts.left_out["alerts"]
    return f"{count}{f' from {plain(facts.origin)}' if facts.origin else ''}"


def _pages_in_short(facts: Facts) -> str:
    persons = {each.person for each in facts.pages if each.person}
    count = len(facts.pages) + facts.left_out["pages"]
    return f"{count} to {len(persons)} {'person' if len(persons) == 1 else 'people'}" if count else "none"


def _alerts(facts: Facts) -> str:
    if not facts.alerts:
        return "No alert is part of this incident: it was opened by hand."
    rows = [
        (
            moment(each.first_seen_at, facts.zone),
            plain(each.title) + (f" (moved on to #{each.moved_to})" if each.moved_to else ""),
            each.severity or "–",
            str(each.messages),
            moment(each.resolved_at, facts.zone) if each.resolved_at else "still firing",
        )
        for each in facts.alerts
    ]
    return table(("First seen", "Alert", "Severity", "Messages", "Resolved"), rows) + _left_out(facts, "alerts")


def _responders(facts: Facts) -> str:
    lines = [
        f"- {plain(name)}: {', '.join(_DEEDS.get(kind, kind.replace('_', ' ')) for kind in kinds)}"
        for name, kinds in people(facts.happenings).items()
    ]
    acted = people(facts.happenings)
    silent = sorted({each.person for each in facts.pages if each.person} - set(acted))
    lines += [f"- {plain(name)}: paged, did not act" for name in silent]
    return "\n".join(lines) or "Nobody acted and nobody was paged."


# What somebody did, where the name of the entry does not say it.
_DEEDS = {"note": "wrote notes", "woken": "ended a snooze", "absorbed": "merged another in"}


def _pages(facts: Facts) -> str:
    if not facts.pages:
        return "Nobody was paged."
    rows = [
        (
            *_two_clocks(each.at, facts),
            plain(each.person) or "–",
            plain(label_of(each.channel)),
            _outcome(each),
        )
        for each in facts.pages
    ]
    return table((f"Time ({facts.zone.key})", "UTC", "Person", "By", "Outcome"), rows) + _left_out(facts, "pages")


def _outcome(page: Page) -> str:
    took = f" after {span(page.arrived_after)}" if page.arrived_after is not None else ""
    reason = f" ({plain(page.reason.replace('_', ' '))})" if page.reason else ""
    return f"{page.status}{took}{reason}"


def _sentence(entry: Happening) -> str:
    """The entry's text, with the person's name where the text does not say it: that of a note."""
    return f"{entry.who}: {entry.text}" if entry.by_person and entry.who not in entry.text else entry.text


def _two_clocks(at: datetime, facts: Facts) -> tuple[str, str]:
    return f"{at.astimezone(facts.zone):%Y-%m-%d %H:%M:%S}", f"{at.astimezone(UTC):%H:%M:%S}"


def _left_out(facts: Facts, what: str) -> str:
    more = facts.left_out[what]
    return f"\n\nThe first {MOST_ROWS}; {more} more are on the incident's page." if more else ""


def _action_items(facts: Facts) -> str:
    return f"{{{Fact.ACTION_ITEMS}}}"


_WRITERS: dict[Fact, Callable[[Facts], str]] = {
    Fact.SUMMARY: _summary,
    Fact.ALERTS: _alerts,
    Fact.RESPONDERS: _responders,
    Fact.PAGES: _pages,
    Fact.TIMELINE: timeline,
    Fact.ACTION_ITEMS: _action_items,
}
