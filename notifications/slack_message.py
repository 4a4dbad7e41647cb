"""How a message looks in Slack: blocks with buttons, and a text that says all on a lock screen. Pure."""

from typing import Any

from incidents.states import Status
from notifications import messages
from notifications.messages import Facts, Message

Block = dict[str, Any]

ACKNOWLEDGE, RESOLVE, OPEN = "tocsin.acknowledge", "tocsin.resolve", "tocsin.open"

_HEADER, _FIELD, _SECTION, _TEXT = 150, 2000, 2900, 300
_SIGN = {"high": ":rotating_light:", "low": ":small_blue_diamond:"}
_MAY = {
    Status.HELD: (ACKNOWLEDGE, RESOLVE),
    Status.TRIGGERED: (ACKNOWLEDGE, RESOLVE),
    Status.SNOOZED: (ACKNOWLEDGE, RESOLVE),
    Status.ACKNOWLEDGED: (RESOLVE,),
    Status.RESOLVED: (),
}


def escaped(text: str, at_most: int) -> str:
    """The text as Slack shows it literally: no mention, link or broadcast from outside comes alive.

    https://docs.slack.dev/messaging/formatting-message-text#escaping
    """
    kept = text
    while True:
        safe = kept.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        if len(safe) <= at_most:
            return safe
        kept = kept[: max(0, len(kept) - (len(safe) - at_most) - 3)].rstrip() + "..."


def text(message: Message) -> str:
    """What a lock screen and a screen reader say."""
    facts = message.facts
    if facts is None:
        return escaped(f"{message.subject}\n{message.text}".strip(), 3000)
    where = messages.standing(facts, time_zone=message.time_zone)
    if facts.status == Status.TRIGGERED:
        return escaped(f"{messages.headline(facts)} ({facts.service})", _TEXT)
    return escaped(f"#{facts.number} {facts.title} ({facts.service}): {where}", _TEXT)


def blocks(message: Message) -> list[Block]:
    """The message as it stands now, with the buttons that make sense now."""
    facts = message.facts
    if facts is None:
        return [{"type": "section", "text": _marked(text(message))}]
    found: list[Block] = [
        {
            "type": "header",
            "text": {"type": "plain_text", "text": _title(facts), "emoji": True},
        },
        {"type": "section", "fields": [_marked(each) for each in _fields(message, facts)]},
    ]
    if facts.description.strip():
        found.append({"type": "section", "text": _marked(escaped(facts.description.strip(), _SECTION))})
    standing = messages.standing(facts, time_zone=message.time_zone)
    found.append({"type": "context", "elements": [_marked(f"*{escaped(standing, _FIELD)}*")]})
    found.append({"type": "actions", "block_id": "tocsin.actions", "elements": _buttons(facts)})
    return found


def _title(facts: Facts) -> str:
    sign = {Status.RESOLVED: ":white_check_mark:", Status.ACKNOWLEDGED: ":eyes:", Status.SNOOZED: ":zzz:"}.get(
        facts.status, _SIGN.get(facts.urgency, "")
    )
    return f"{sign} " + escaped(messages.cut(f"#{facts.number} {facts.title}", 120), _HEADER - len(sign) - 1)


def _fields(message: Message, facts: Facts) -> list[str]:
    shown = [("Service", facts.service), ("Urgency", facts.urgency)]
    if facts.severity:
        shown.append(("Severity", facts.severity))
    if facts.alert_count > 1:
        shown.append(("Alerts", str(facts.alert_count)))
    shown.append(("Opened", messages.local_with_day(facts.opened_at, message.time_zone)))
    return [f"*{name}*\n{escaped(value, 500)}" for name, value in shown]


def _buttons(facts: Facts) -> list[Block]:
    labels = {ACKNOWLEDGE: "Acknowledge", RESOLVE: "Resolve"}
    found = [_button(action, labels[action], value=str(facts.incident_id)) for action in _MAY[facts.status]]
    if found and found[0]["action_id"] == ACKNOWLEDGE:
        found[0]["style"] = "primary"
    return [*found, _button(OPEN, "Open", url=facts.url)]


def _button(action: str, label: str, **more: str) -> Block:
    return {"type": "button", "action_id": action, "text": {"type": "plain_text", "text": label}, **more}


def _marked(text: str) -> Block:
    return {"type": "mrkdwn", "text": text}
