"""The whole document of a postmortem in Markdown: head, text, action items as they stand, and who reviewed it."""

from collections.abc import Sequence
from urllib.parse import urljoin

from django.conf import settings

from postmortems import document, facts
from postmortems.models import ActionItem, Postmortem, Review
from postmortems.sections import Fact
from postmortems.wording import moment, plain, table, zone_named

_PLACE = f"{{{Fact.ACTION_ITEMS}}}"


def markdown(postmortem: Postmortem, *, time_zone: str = "UTC") -> str:
    """Everything, to be kept elsewhere. Times outside the text are shown in `time_zone`, with UTC.

    Where the writer took the timeline out of the text, the recorded one follows at the end.
    """
    zone = zone_named(time_zone)
    parts = [f"# {plain(postmortem.title)}", _head(postmortem, time_zone), text(postmortem)]
    if not _has_heading(postmortem.body, "timeline"):
        found = facts.gather(postmortem.incident, zone=zone, url=_address(postmortem.incident.get_absolute_url()))
        parts.append(f"## Timeline\n\n{document.timeline(found)}")
    reviews = list(postmortem.reviews.select_related("by"))
    if reviews:
        parts.append(f"## Reviews\n\n{_reviews(reviews, time_zone)}")
    return "\n\n".join(part.strip() for part in parts) + "\n"


def text(postmortem: Postmortem) -> str:
    """The text as people read it: the list of action items in its place, or at the end where the text names none."""
    items = _items(list(postmortem.action_items.select_related("owner")))
    lines = postmortem.body.splitlines()
    if any(line.strip() == _PLACE for line in lines):
        return "\n".join(items if line.strip() == _PLACE else line for line in lines)
    return f"{postmortem.body.rstrip()}\n\n## Action items\n\n{items}\n"


def file_name(postmortem: Postmortem) -> str:
    """What the download is called."""
    return f"postmortem-{postmortem.incident_id}.md"


def _head(postmortem: Postmortem, time_zone: str) -> str:
    zone = zone_named(time_zone)
    incident = postmortem.incident
    lines = [
        f"- **Incident:** [#{incident.number}]({_address(incident.get_absolute_url())})",
        f"- **Owner:** {plain(postmortem.owner.shown_name)}",
        f"- **Status:** {postmortem.status_label}, version {postmortem.version}",
    ]
    if postmortem.approved_at and postmortem.approved_by:
        lines.append(
            f"- **Approved:** {moment(postmortem.approved_at, zone)} by {plain(postmortem.approved_by.shown_name)}"
        )
    return "\n".join(lines)


def _items(items: Sequence[ActionItem]) -> str:
    if not items:
        return "No action items yet."
    rows = [
        (
            plain(each.title),
            plain(each.owner.shown_name) if each.owner else "nobody",
            each.due_on.isoformat() if each.due_on else "–",
            "Overdue" if each.is_overdue else each.get_status_display(),
        )
        for each in items
    ]
    return table(("What", "Owner", "Due", "Status"), rows)


def _reviews(reviews: Sequence[Review], time_zone: str) -> str:
    zone = zone_named(time_zone)
    rows = [
        (moment(each.at, zone), plain(each.by.shown_name), each.get_move_display(), plain(each.comment) or "–")
        for each in reviews
    ]
    return table(("When", "Who", "What", "Comment"), rows)


def _has_heading(body: str, name: str) -> bool:
    return any(line.startswith("#") and line.lstrip("# ").strip().lower() == name for line in body.splitlines())


def _address(path: str) -> str:
    return urljoin(f"{settings.PUBLIC_URL}/", path.lstrip("/"))
