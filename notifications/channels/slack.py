"""Direct messages in Slack, updated in place. Gives no receipts: what Slack took counts as sent."""

import logging
from datetime import timedelta
from functools import lru_cache
from typing import Any
from urllib.request import Request

from django.conf import settings
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError

from core import outgoing as http
from notifications import slack_message
from notifications.channel import (
    Accepted,
    Limit,
    OutcomeUnknown,
    Outgoing,
    PermanentFailure,
    TemporaryFailure,
    seconds_after,
    server_trouble,
)

# What the SDK would log is recorded as the delivery's outcome.
_quiet = logging.getLogger("notifications.slack_sdk")
_quiet.setLevel(logging.CRITICAL)

_METADATA = "tocsin_delivery"

# Slack's refusals by what they mean for us; https://docs.slack.dev/reference/methods/chat.postMessage#errors
_OURS = frozenset(
    {
        *("invalid_auth", "not_authed", "account_inactive", "token_revoked", "token_expired", "missing_scope"),
        *("no_permission", "not_allowed_token_type", "ekm_access_denied", "org_login_required", "access_denied"),
        *("team_access_not_granted", "two_factor_setup_required", "plan_upgrade_required", "is_inactive"),
    }
)
_LATER = frozenset(
    {
        *("ratelimited", "rate_limited", "message_limit_exceeded", "request_timeout", "service_unavailable"),
        *("team_added_to_org", "accesslimited"),
    }
)
# "Some aspect of the operation may have succeeded."
_UNKNOWN = frozenset({"internal_error", "fatal_error"})


class SlackChannel:
    """One message per page; the address is the person's Slack user id."""

    slug = "slack"
    label = "Slack"
    receipt_within: timedelta | None = None
    updates_in_place = True
    can_find = True
    ends_within = timedelta(seconds=http.TOTAL)
    limits = (Limit(20, timedelta(minutes=1)),)

    def is_configured(self) -> bool:
        return bool(settings.SLACK_BOT_TOKEN)

    def send(self, outgoing: Outgoing) -> Accepted:
        """Post the message, or update the one it replaces."""
        content = {"text": slack_message.text(outgoing.message), "blocks": slack_message.blocks(outgoing.message)}
        client = _client(settings.SLACK_BOT_TOKEN, settings.SLACK_API_URL)
        if outgoing.replaces:
            channel, _, ts = outgoing.replaces.partition(":")
            answer = _call(client, "chat.update", {"channel": channel, "ts": ts, **content})
        else:
            quiet = {"unfurl_links": False, "unfurl_media": False}
            metadata = {"event_type": _METADATA, "event_payload": {"delivery": outgoing.delivery_id}}
            fields = {"channel": outgoing.address, "metadata": metadata, **quiet, **content}
            answer = _call(client, "chat.postMessage", fields)
        return Accepted(ref=f"{answer.get('channel', '')}:{answer.get('ts', '')}")

    def find(self, outgoing: Outgoing) -> Accepted | None:
        """The message of an earlier attempt, by the delivery's number in its metadata."""
        if outgoing.replaces:
            return None
        client = _client(settings.SLACK_BOT_TOKEN, settings.SLACK_API_URL)
        opened = _call(client, "conversations.open", {"users": outgoing.address})
        channel = str(opened["channel"]["id"])
        fields = {"channel": channel, "limit": 50, "include_all_metadata": True}
        for message in _call(client, "conversations.history", fields).get("messages", []):
            payload = (message.get("metadata") or {}).get("event_payload") or {}
            if payload.get("delivery") == outgoing.delivery_id:
                return Accepted(ref=f"{channel}:{message['ts']}")
        return None

    def mask(self, address: str) -> str:
        return f"{address[:2]}***"


CHANNEL = SlackChannel()


def _call(client: WebClient, method: str, fields: dict[str, Any]) -> dict[str, Any]:
    try:
        found = client.api_call(method, json=fields).data
    except SlackApiError as refusal:
        raise _failure(str(refusal.response.get("error") or "no_reason")) from refusal
    except http.NotSent as trouble:
        raise TemporaryFailure(str(trouble)) from trouble
    except http.NoAnswer as trouble:
        raise OutcomeUnknown(str(trouble)) from trouble
    except SlackClientError as trouble:
        raise TemporaryFailure("slack_unreadable_answer") from trouble
    if not isinstance(found, dict):
        raise OutcomeUnknown("slack_unreadable_answer")
    return found


def _failure(error: str) -> Exception:
    """An error we do not know is taken as permanent: the person's next method is better than a guess."""
    reason = f"slack_{error}"[:60] if error.replace("_", "").isalnum() else "slack_unreadable_answer"
    if error in _UNKNOWN:
        return OutcomeUnknown(reason)
    if error in _LATER:
        return TemporaryFailure(reason)
    return PermanentFailure(reason, is_ours=error in _OURS)


class _Client(WebClient):
    """Slack's client over connections of ours, which are kept and end after ten seconds whatever trickles in."""

    # The SDK has no public way to another transport; the contract tests would show if this one were gone.
    def _perform_urllib_http_request_internal(self, url: str, req: Request) -> dict[str, Any]:
        headers = dict(req.header_items())
        answer = http.exchange(http.provider_client("slack"), "POST", url, headers=headers, content=req.data)
        if answer.status == 429:
            raise TemporaryFailure("slack_ratelimited", seconds_after(answer.headers.get("retry-after")))
        if answer.status >= 500:
            raise server_trouble(answer.status, answer.headers.get("retry-after"))
        return {"status": answer.status, "headers": answer.headers, "body": answer.text}


@lru_cache(maxsize=4)
def _client(token: str, base_url: str) -> _Client:
    return _Client(token=token, base_url=base_url, timeout=int(http.READ), retry_handlers=[], logger=_quiet)
