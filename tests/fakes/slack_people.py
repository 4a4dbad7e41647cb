"""The people of the fake Slack: what Slack posts to Tocsin when they press, type or join, signed as Slack signs.

Signature: https://docs.slack.dev/authentication/verifying-requests-from-slack . `secret=` and `age=` forge it.
"""

import hashlib
import hmac
import json
import secrets
from typing import Any
from urllib.parse import urlencode

from tests.fakes.slack_blocks import Block
from tests.fakes.slack_workspace import APP, TEAM, SlackMessage, channel_of
from tests.fakes.tocsin import FORM, Answer, Sent, Tocsin

INTERACTIVITY, COMMANDS, EVENTS = "/slack/interactivity/", "/slack/commands/", "/slack/events/"


def signature(secret: str, timestamp: str, body: bytes) -> str:
    base = b"v0:" + timestamp.encode() + b":" + body
    return "v0=" + hmac.new(secret.encode(), base, hashlib.sha256).hexdigest()


def block_actions(*, user: str, message: SlackMessage, button: Block, response_url: str) -> dict[str, Any]:
    """The payload of a pressed button."""
    return {
        "type": "block_actions",
        "user": _user(user),
        "api_app_id": APP,
        "token": "deprecated",
        "container": {
            "type": "message",
            "message_ts": message.ts,
            "channel_id": message.channel,
            "is_ephemeral": message.only_for is not None,
        },
        "trigger_id": f"1.2.{secrets.token_hex(16)}",
        "team": {"id": TEAM, "domain": "fakes"},
        "enterprise": None,
        "is_enterprise_install": False,
        "channel": {"id": message.channel, "name": "directmessage" if message.channel.startswith("D") else "channel"},
        "message": message.as_slack(),
        "state": {"values": {}},
        "response_url": response_url,
        "actions": [{**button, "action_ts": message.ts}],
    }


def _user(user: str) -> dict[str, str]:
    name = user.removeprefix("U0").lower()
    return {"id": user, "username": name, "name": name, "team_id": TEAM}


class People:
    """Posts on behalf of Slack and remembers the last request, so that it can be replayed."""

    def __init__(self, tocsin: Tocsin, secret: str) -> None:
        self._tocsin = tocsin
        self._secret = secret
        self._last: Sent | None = None

    def interact(self, payload: dict[str, Any], **forged: Any) -> Answer:
        body = urlencode({"payload": json.dumps(payload)}).encode()
        return self._post(INTERACTIVITY, body, FORM, **forged)

    def command(self, user: str, command: str, text: str, response_url: str, **forged: Any) -> Answer:
        fields = {
            "token": "deprecated",
            "team_id": TEAM,
            "team_domain": "fakes",
            "channel_id": channel_of(user),
            "channel_name": "directmessage",
            "user_id": user,
            "user_name": _user(user)["name"],
            "command": command,
            "text": text,
            "api_app_id": APP,
            "is_enterprise_install": "false",
            "response_url": response_url,
            "trigger_id": f"1.2.{secrets.token_hex(16)}",
        }
        return self._post(COMMANDS, urlencode(fields).encode(), FORM, **forged)

    def event(self, event: dict[str, Any], **forged: Any) -> Answer:
        """An event of the Events API; a whole envelope (`url_verification`) is sent as it is."""
        envelope = {
            "type": "event_callback",
            "token": "deprecated",
            "team_id": TEAM,
            "api_app_id": APP,
            "event": event,
            "event_id": f"Ev{secrets.token_hex(5).upper()}",
            "event_time": int(self._tocsin.now()),
        }
        body = event if event.get("type") == "url_verification" else envelope
        return self._post(EVENTS, json.dumps(body).encode(), "application/json", **forged)

    def replay(self) -> Answer:
        if self._last is None:
            raise LookupError("Nothing was sent that could be replayed.")
        return self._tocsin.send(self._last)

    def _post(self, path: str, body: bytes, kind: str, *, secret: str | None = None, age: float = 0) -> Answer:
        timestamp = str(int(self._tocsin.now() - age))
        headers = {
            "Content-Type": kind,
            "User-Agent": "Slackbot 1.0 (+https://api.slack.com/robots)",
            "X-Slack-Request-Timestamp": timestamp,
            "X-Slack-Signature": signature(self._secret if secret is None else secret, timestamp, body),
        }
        self._last = Sent(self._tocsin.url(path), body, headers)
        return self._tocsin.send(self._last)
