"""What happens when somebody is paged, in words. Pure: rules in, sentences out."""

from collections.abc import Sequence
from dataclasses import dataclass

from accounts.models import User
from notifications.channel import label_of, masked
from notifications.models import ContactMethod, NotificationRule
from web import moments


@dataclass(frozen=True)
class Told:
    """One thing that will happen: when, and by which way; `doubt` says why it may not."""

    moment: str
    way: str
    doubt: str = ""


def told(user: User, rules: Sequence[NotificationRule]) -> list[Told]:
    """What a page of one urgency does, first thing first. Never empty."""
    if rules:
        return [_told(rule) for rule in sorted(rules, key=lambda rule: (rule.after, rule.position))]
    if user.email:
        return [Told("at once", f"E-mail to {user.email}, the address of your account")]
    return [Told("at once", "Nothing", "There is no rule and no e-mail address: you cannot be reached.")]


def _told(rule: NotificationRule) -> Told:
    method = rule.contact_method
    moment = f"after {moments.span(rule.after)}" if rule.after else "at once"
    return Told(moment, f"{label_of(method.channel)} to {masked(method.channel, method.address)}", doubt(method))


def doubt(method: ContactMethod) -> str:
    """Why this address cannot be used; empty where it can."""
    if method.disabled_reason:
        return "Switched off: the carrier refused it for good."
    return "" if method.is_verified else "Not verified: it is skipped."
