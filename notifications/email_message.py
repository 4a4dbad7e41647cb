"""How a message looks as an e-mail: the subject says it all, the text has the links, the HTML has big buttons."""

from django.template.loader import render_to_string

from notifications import messages
from notifications.messages import Message

_SUBJECT = 150


def subject(message: Message) -> str:
    """Urgency, number and title first: telephones cut off the rest."""
    if message.facts is None:
        return messages.cut(message.subject, _SUBJECT)
    return messages.cut(f"{messages.headline(message.facts)} ({message.facts.service})", _SUBJECT)


def text(message: Message) -> str:
    """The plain text, without lines that only repeat."""
    return render_to_string("notifications/mail.txt", _context(message)).strip() + "\n"


def html(message: Message) -> str:
    """The same with buttons. Everything that came from outside is escaped by the template engine."""
    return render_to_string("notifications/mail.html", _context(message))


def thread_headers(message: Message, host: str) -> dict[str, str]:
    """Lets mail programs show all mails of one incident together."""
    if message.facts is None:
        return {}
    thread = f"<incident-{message.facts.incident_id}@{host}>"
    return {"References": thread, "In-Reply-To": thread}


def _context(message: Message) -> dict[str, object]:
    facts = message.facts
    return {
        "message": message,
        "facts": facts,
        "subject": subject(message),
        "standing": messages.standing(facts, time_zone=message.time_zone) if facts else "",
        "opened": messages.local_with_day(facts.opened_at, message.time_zone) if facts else "",
    }
