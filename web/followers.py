"""What this app does when something happens to an incident: it tells browsers, after the commit, and may fail alone."""

from incidents.hooks import Recorded, StatusChanged, recorded, status_changed
from incidents.timeline import OF_MOVE, Kind
from web.live.frames import Frame
from web.live.publisher import tell

# What is muted may have been held already: then its status has not changed.
_TOLD_BY_STATUS = ({Kind.OPENED} | set(OF_MOVE.values())) - {Kind.MUTED}


@status_changed.follow
def tell_browsers(news: StatusChanged) -> None:
    """The lists and the incident's own page refetch themselves."""
    tell(Frame("incident", news.incident.pk, news.incident.version))


@recorded.follow
def tell_of_entry(news: Recorded) -> None:
    """So they do for notes, pages and whatever else the timeline tells of; its id stands for the version."""
    if news.kind not in _TOLD_BY_STATUS:
        tell(Frame("entry", news.incident_id, news.entry_id))
