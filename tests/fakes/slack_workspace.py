"""The state of the fake Slack workspace: messages by channel and ts with all their versions, members, views.

A message to a user `U0ADA` arrives in her direct channel `D0ADA`, as with Slack; `#ops` is the channel `COPS`.
"""

import itertools
import threading
import time
from collections import defaultdict
from dataclasses import dataclass, field, replace
from typing import Any

from tests.fakes import slack_blocks
from tests.fakes.slack_blocks import Block

BOT_USER, BOT, APP, TEAM = "U0TOCSIN", "B0TOCSIN", "A0TOCSIN", "T0FAKES"


@dataclass(frozen=True)
class Version:
    text: str
    blocks: list[Block]


@dataclass(frozen=True)
class SlackMessage:
    """A message as it stands now; `versions` holds every state it had, the present one last."""

    channel: str
    ts: str
    text: str
    blocks: list[Block] = field(default_factory=list)
    attachments: list[Block] = field(default_factory=list)
    metadata: dict[str, Any] = field(default_factory=dict)
    thread_ts: str | None = None
    only_for: str | None = None  # ephemeral: the one user who sees it
    versions: tuple[Version, ...] = ()

    @property
    def buttons(self) -> list[str]:
        return [button["text"]["text"] for button in slack_blocks.buttons(self.blocks)]

    def as_slack(self) -> dict[str, Any]:
        shown = {
            "type": "message",
            "subtype": "bot_message",
            "user": BOT_USER,
            "bot_id": BOT,
            "app_id": APP,
            "team": TEAM,
            "ts": self.ts,
            "text": self.text,
            "blocks": self.blocks,
            "attachments": self.attachments,
            "metadata": self.metadata,
            "thread_ts": self.thread_ts,
        }
        return {name: value for name, value in shown.items() if value}


def channel_of(address: str) -> str:
    """The channel in which messages to an address (user, channel id or #name) arrive."""
    if address.startswith("#"):
        return "C" + address[1:].replace("-", "").upper()
    return "D" + address[1:] if address[:1] in ("U", "W") else address


def person_of(address: str) -> str:
    """The user behind a direct channel; any other address as it is."""
    return "U" + address[1:] if address.startswith("D") else address


class Workspace:
    def __init__(self) -> None:
        self.lock = threading.RLock()
        self._numbers = itertools.count(1)
        self.clear()

    def clear(self) -> None:
        with self.lock:
            self.channels: dict[str, dict[str, SlackMessage]] = defaultdict(dict)
            self.members: dict[str, dict[str, Any]] = {}
            self.views: list[dict[str, Any]] = []
            self.responses: dict[str, int] = {}

    def number(self) -> int:
        return next(self._numbers)

    def seen_by(self, address: str) -> list[SlackMessage]:
        """Everything an address sees, oldest first; for a user also what was shown to her alone in any channel."""
        channel = channel_of(address)
        with self.lock:
            seen = [message for message in self.channels[channel].values() if not message.only_for]
            if channel.startswith("D"):
                everywhere = [message for messages in self.channels.values() for message in messages.values()]
                seen += [message for message in everywhere if message.only_for == person_of(channel)]
        return sorted(seen, key=lambda message: message.ts)

    def find(self, channel: str, ts: str) -> SlackMessage | None:
        return self.channels[channel].get(ts)

    def store(self, channel: str, fields: dict[str, Any], only_for: str | None = None) -> SlackMessage:
        text, blocks = fields.get("text") or "", slack_blocks.with_ids(fields.get("blocks") or [])
        message = SlackMessage(
            channel=channel,
            ts=f"{int(time.time())}.{self.number():06d}",
            text=text,
            blocks=blocks,
            attachments=fields.get("attachments") or [],
            metadata=fields.get("metadata") or {},
            thread_ts=fields.get("thread_ts"),
            only_for=only_for,
            versions=(Version(text, blocks),),
        )
        self.channels[channel][message.ts] = message
        return message

    def revise(self, old: SlackMessage, fields: dict[str, Any]) -> SlackMessage:
        """What is not given stays, except attachments, which an update without them removes."""
        text = fields["text"] if fields.get("text") is not None else old.text
        blocks = slack_blocks.with_ids(fields["blocks"]) if fields.get("blocks") is not None else old.blocks
        new = replace(
            old,
            text=text,
            blocks=blocks,
            attachments=fields.get("attachments") or [],
            metadata=fields.get("metadata") or old.metadata,
            versions=(*old.versions, Version(text, blocks)),
        )
        self.channels[old.channel][old.ts] = new
        return new

    def remove(self, channel: str, ts: str) -> bool:
        return self.channels[channel].pop(ts, None) is not None
