"""Names of reasons, statuses and channels as sentences people read. Pure: no Django, no clock, no database."""

from dataclasses import dataclass
from typing import Any

# A delivery's status as it ends for the reader; `sent` depends on whether the channel gives receipts.
DELIVERY_STATUSES = {
    "queued": "Waiting",
    "sending": "Sending",
    "sent": "Sent",
    "delivered": "Delivered",
    "failed": "Failed",
    "cancelled": "Not sent",
    "unknown": "Not certain",
}

WAYS = {
    "web": "on the web",
    "api": "through the API",
    "admin": "in the admin",
    "slack": "in Slack",
    "sms": "by SMS",
    "voice": "by phone",
    "email": "by e-mail",
    "push": "by push",
    "webhook": "by its source",
    "engine": "by itself",
    "command": "on the command line",
}


@dataclass(frozen=True)
class Look:
    """How an entry of the timeline is drawn."""

    icon: str
    tone: str = ""


PLAIN = Look("dot")
KINDS = {
    "opened": Look("triggered", "critical"),
    "triggered": Look("triggered", "critical"),
    "reopened": Look("again", "critical"),
    "woken": Look("triggered", "critical"),
    "unacknowledged": Look("triggered", "critical"),
    "acknowledged": Look("acknowledged", "warning"),
    "snoozed": Look("snoozed", "quiet"),
    "resolved": Look("resolved", "good"),
    "note": Look("note"),
    "merged": Look("merge"),
    "absorbed": Look("merge"),
    "person_paged": Look("paged", "info"),
    "person_unreachable": Look("warn", "critical"),
    "nobody_on_call": Look("warn", "critical"),
    "nobody_to_page": Look("warn", "critical"),
    "no_policy": Look("warn", "critical"),
    "step_unreached": Look("warn", "critical"),
    "step_failing": Look("warn", "critical"),
    "escalation_exhausted": Look("warn", "critical"),
    "fallback_team_managers": Look("up", "critical"),
    "fallback_admins": Look("up", "critical"),
    "escalation_started": Look("up", "info"),
    "escalation_restarted": Look("up", "critical"),
    "escalated": Look("up", "info"),
    "reassigned": Look("person", "info"),
    "alert_attached": Look("firing"),
    "alert_resolved": Look("resolved", "good"),
}

# Why a step chose somebody.
CHOSEN = {
    "on_call": "on call",
    "override": "on call by an override",
    "named_in_step": "named in the step",
    "team_member": "member of the team",
    "assigned": "assigned by hand",
    "fallback_team_managers": "fallback: manager of the team",
    "fallback_admins": "last fallback: admin",
}

REASONS = {
    # Deliveries that did not go out, or not arrive.
    "no_contact_method": "There is no contact method and no e-mail address for this person. Add one.",
    "channel_not_configured": "The provider of this channel is not set up on this installation.",
    "contact_not_verified": "This address was never verified, so no page is sent to it.",
    "contact_disabled": "The carrier refused this address for good; it is switched off until it is verified anew.",
    "user_inactive": "This account is not active.",
    "no_receipt": "No receipt came in time, so the next way was tried at once.",
    "accepted_without_receipt": "Accepted; this channel gives no receipts.",
    "too_many_attempts": "It was tried several times without success.",
    "outcome_unknown": "The line was cut while sending, so it may or may not have arrived.",
    "unknown_channel": "No such channel exists on this installation.",
    "throttled": "Too many messages to this address at once; it waits for its turn.",
    # Deliveries that were called off.
    "acknowledged": "Called off: somebody acknowledged.",
    "resolved": "Called off: the incident was resolved.",
    "snoozed": "Called off: the incident was snoozed.",
    "superseded": "Called off: a newer message took its place.",
    "reassigned": "Called off: the incident was given to somebody else.",
    # Escalation.
    "exhausted": "Every step was taken and nobody answered.",
    "low_urgency": "Low urgency: notified once, not escalated.",
    "direct": "Assigned by hand: only these people were paged.",
    "policy": "Every step was taken.",
    "nobody_to_page": "Nobody could be paged, not even an admin.",
    "fallback_team_managers": "The policy reached nobody, so the team's managers were paged.",
    "fallback_admins": "Nobody else was found, so all admins were paged.",
    # Alerts and incidents.
    "merged": "Merged into another incident.",
    "all_alerts_resolved": "All of its alerts are resolved.",
    "hold_over": "Still firing when the hold time was over.",
    "snooze_over": "The snooze is over.",
    "severity_rose": "It got worse.",
    "severity_changed": "The severity changed.",
}


def reason(name: str) -> str:
    """The sentence for a named reason; an unknown name is made readable."""
    return REASONS.get(name) or sentence(name)


def decision(value: Any) -> str:
    """What an alert's `reasons` hold for one decision: a name, or a name with what it was decided by."""
    if isinstance(value, dict):
        return ", ".join(f"{sentence(str(key)).lower()}: {part}" for key, part in value.items())
    if isinstance(value, list):
        return ", ".join(str(part) for part in value)
    return REASONS.get(str(value), sentence(str(value)))


def sentence(name: str) -> str:
    """A name with underscores as words, the first one capitalised."""
    return name.replace("_", " ").strip().capitalize()
