"""Switching contact methods off and on again, in sight of everybody who relies on them."""

from accounts.models import User
from incidents import timeline
from incidents.actor import system
from incidents.models import Incident
from notifications import outbox
from notifications.channel import label_of
from notifications.models import ContactMethod

STOPPED = "recipient_stopped"


def disable(channel: str, address: str, *, reason: str, incident: Incident | None = None) -> int:
    """The carrier or its owner says: never again. Returns how many methods were switched off.

    Told to its owner, to all admins and, where `incident` is given (locked), in its timeline.
    """
    methods = ContactMethod.objects.filter(channel=channel, address=address, disabled_reason="")
    found = list(methods.select_related("user"))
    for method in found:
        method.disabled_reason = reason
        method.save(update_fields=["disabled_reason"])
        _tell(method, reason)
        if incident is not None:
            timeline.record(
                incident,
                kind="contact_disabled",
                by=system("notifications"),
                reason=reason,
                text=f"{label_of(channel)} to {method.user} is switched off ({_words(reason)}).",
                user=method.user.username,
                channel=channel,
            )
    return len(found)


def enable(channel: str, address: str, *, reason: str) -> int:
    """What was switched off for this reason is used again. Returns how many."""
    return ContactMethod.objects.filter(channel=channel, address=address, disabled_reason=reason).update(
        disabled_reason=""
    )


def _tell(method: ContactMethod, reason: str) -> None:
    label = label_of(method.channel)
    text = (
        f"The carrier no longer takes {label} to {method.user} ({_words(reason)}), so this contact method "
        f"(“{method.name}”) is switched off and pages go to the next rule instead. "
        "Whoever has answered STOP answers START to be paged there again; an admin can switch it on in the admin."
    )
    people = {each.pk: each for each in [*User.objects.admins(), method.user]}
    for person in people.values():
        outbox.notice(person, subject=f"{label} no longer reaches {method.user}", text=text)


def _words(reason: str) -> str:
    return reason.replace("_", " ")
