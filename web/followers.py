"""What this app does when an incident moves: it tells browsers, after the commit, and may fail alone."""

from incidents.hooks import StatusChanged, status_changed
from web.live.frames import Frame
from web.live.publisher import tell


@status_changed.follow
def tell_browsers(news: StatusChanged) -> None:
    """The lists and the incident's own page refetch themselves."""
    tell(Frame("incident", news.incident.pk, news.incident.version))
