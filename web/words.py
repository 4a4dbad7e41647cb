"""Names of reasons, statuses and channels as sentences people read. Pure: no Django, no clock, no database."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

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
    "page_sent": Look("sent"),
    "page_delivered": Look("delivered", "good"),
    "page_failed": Look("failed", "critical"),
    "page_delayed": Look("clock", "warning"),
    "page_unconfirmed": Look("unknown", "warning"),
    "contact_disabled": Look("warn", "critical"),
    "routed": Look("up"),
    "alerts_joined": Look("firing", "warning"),
    "linked": Look("merge"),
    "storm_began": Look("storm", "critical"),
    "storm_ended": Look("storm", "quiet"),
    "quarantined": Look("warn", "warning"),
    "muted": Look("snoozed", "quiet"),
    "unmuted": Look("clock", "quiet"),
    "group_closed": Look("merge"),
    "below_threshold": Look("held", "quiet"),
    "flapping": Look("again", "warning"),
    "flapping_over": Look("again", "good"),
    "postmortem_drafted": Look("note"),
    "postmortem_review_asked": Look("note", "warning"),
    "postmortem_changes_requested": Look("note", "warning"),
    "postmortem_approved": Look("resolved", "good"),
    "postmortem_reopened": Look("again"),
    "action_item_added": Look("plus"),
    "action_item_changed": Look("note"),
    "urgency_changed": Look("warn", "warning"),
    "renamed": Look("note"),
    "alert_closed": Look("resolved", "quiet"),
}

# A heartbeat's state looks like the status of an incident or a delivery.
HEARTBEAT_LOOKS = {"missed": "failed", "alive": "resolved", "paused": "snoozed", "waiting": "queued"}

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
    "no_receipt": "No receipt came in time, so the next way was tried at once.",
    "throttled": "Too many messages to this address at once; it waits for its turn.",
    "gathering": "Another page has just gone to this address; this one follows in seconds, unless both are one storm.",
    "internal_error": "Our own code failed on it; the log says why.",
    "rate_limited": "The provider wants us to go slower; it is tried again.",
    "provider_trouble": "The provider is in trouble; it is tried again.",
    "provider_refuses_us": "The provider refuses this installation: its account or token is wrong.",
    "provider_account_suspended": "The provider has suspended this installation's account.",
    "number_invalid": "This is not a valid number.",
    "number_not_mobile": "This number cannot take text messages.",
    "recipient_stopped": "The recipient has texted STOP, so the carrier refuses our messages.",
    "handset_unreachable": "The phone is off or out of reach.",
    "handset_unknown": "The carrier does not know this number.",
    "landline_or_unreachable": "A landline, or out of reach.",
    "filtered_by_carrier": "The carrier took it for spam.",
    "blocked": "The recipient or the carrier blocks our messages.",
    "region_not_permitted": "The provider's account may not send to this country.",
    # Messages in quarantine.
    "not_json": "Not valid JSON",
    "unexpected_shape": "Not what its source sends",
    "no_content": "Nothing that could be an alert",
    "no_identity": "Nothing an alert could be known by",
    "no_route": "The integration has no route",
    "unknown_source": "Its source is not known",
    "proof_missing": "It proves no secret",
    "proof_wrong": "It proves another secret",
    "ended_the_worker": "It ended its worker",
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
    "silence_over": "The silence is over and it still fires.",
    "maintenance_over": "The maintenance is over and it still fires.",
    "inhibition_over": "What inhibited it is over and it still fires.",
    "not_muted": "Nothing mutes it any more and it still fires.",
    "not_muted_alert": "An alert fires in it that nothing mutes.",
    "no_longer_held": "It is not held back any more.",
    "silenced": "A silence mutes all that fires in it.",
    "maintenance": "Maintenance mutes all that fires in it.",
    "inhibited": "Another alert mutes all that fires in it.",
    "severity_rose": "It got worse.",
    "others_fire": "Other alerts of the incident still fire, so it stays open.",
    "severity_changed": "The severity changed.",
    "resolved_while_held": "Over before the hold time was.",
    "heartbeat_missed": "A heartbeat stayed away.",
    "heartbeat_back": "The heartbeat is back.",
    "heartbeat_paused": "The heartbeat was paused.",
    "heartbeat_deleted": "The heartbeat was deleted.",
    "group_window_over": "The time in which alerts are put together was over.",
    "below_threshold": "Its route pages only when more messages come within a time.",
    "threshold_reached": "More messages came than its route's threshold.",
    "route_without_threshold": "Something came by a route that pages at once.",
    "auto_resolved": "Nobody told of it for the integration's auto-resolve time.",
    "flapping": "It changes between firing and resolved too often to page for each time.",
    "flapping_over": "It has been quiet since.",
    "fired_after_resolve": "The same group fired again after it was resolved.",
}


# What a status says already; not told again as a reason.
PLAIN_REASONS = {"accepted_without_receipt", "awaits_receipt", "receipt"}


def reason(name: str) -> str:
    """The sentence for a named reason; an unknown name is made readable."""
    return REASONS.get(name) or sentence(name)


def sentence(name: str) -> str:
    """A name with underscores as words, the first one capitalised."""
    return name.replace("_", " ").strip().capitalize()


def apart(labels: Mapping[str, str], others: Sequence[Mapping[str, str]]) -> str:
    """The values of labels in which these differ from others, at most three; empty where there is nothing to tell."""
    found = [value for name, value in labels.items() if any(each.get(name) != value for each in others)]
    return " · ".join(str(each)[:60] for each in found[:3])
