"""What notifications do when an incident moves: take back pages that nobody needs, and keep messages true."""

from incidents.hooks import StatusChanged, status_changed
from incidents.states import Status
from notifications import outbox, updates


@status_changed.follow
def take_back_pages(news: StatusChanged) -> None:
    """Somebody has it, it can wait, or it is over: whatever has not gone out stays here."""
    if news.old is not None and news.new is not Status.TRIGGERED:
        outbox.cancel(news.incident.pk, reason=f"incident_{news.new}")


@status_changed.follow
def update_messages(news: StatusChanged) -> None:
    """Messages in chats show who has it and which buttons make sense now."""
    if news.old is not None:
        updates.queue(news.incident)
