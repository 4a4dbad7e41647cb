"""A fake Slack on a real socket: the Web API, its response_urls, and the people who press buttons."""

import json
from typing import Any

from tests.fakes import slack_blocks, slack_people
from tests.fakes.faults import Fault, RateLimited, SlackError
from tests.fakes.ledger import Ledger
from tests.fakes.provider import Call, HttpProvider
from tests.fakes.serving import Reply, Request, json_reply
from tests.fakes.slack_methods import METHODS, refused
from tests.fakes.slack_workspace import TEAM, SlackMessage, Workspace, channel_of, person_of
from tests.fakes.tocsin import Answer, Tocsin

_KINDS = {"chat.postMessage": "message", "chat.postEphemeral": "ephemeral", "chat.update": "update"}
_RESPONSES_ALLOWED = 5


class FakeSlack(HttpProvider):
    name = "slack"

    def __init__(self, *, ledger: Ledger, tocsin: Tocsin, token: str, signing_secret: str, port: int = 0) -> None:
        self.token = token
        self.workspace = Workspace()
        self.people = slack_people.People(tocsin, signing_secret)
        super().__init__(ledger=ledger, tocsin=tocsin, port=port)
        self.api_url = f"{self.server.url}/api/"

    # What a test asks.

    def messages(self, to: str) -> list[SlackMessage]:
        return self.workspace.seen_by(to)

    def views(self) -> list[dict[str, Any]]:
        """Modals and home tabs Tocsin has opened, oldest first."""
        return list(self.workspace.views)

    def add_member(self, user: str, email: str = "", name: str = "") -> None:
        """Makes a user known to users.info and users.lookupByEmail."""
        profile = {"email": email, "real_name": name or user, "display_name": name or user}
        member = {
            "id": user,
            "team_id": TEAM,
            "name": name or user,
            "deleted": False,
            "is_bot": False,
            "profile": profile,
        }
        self.workspace.members[user] = member

    def press(self, channel: str, ts: str, label: str, *, by: str, old: int = -1, **forged: Any) -> Answer:
        """Presses the button `label` of version `old` of a message; by default of the latest."""
        message = self.workspace.find(channel, ts)
        if message is None:
            raise LookupError(f"There is no message {ts} in {channel}.")
        there = {one["text"]["text"]: one for one in slack_blocks.buttons(message.versions[old].blocks)}
        if label not in there:
            raise LookupError(f"{message.text!r} has no button {label!r}, only {sorted(there)}.")
        payload = slack_people.block_actions(
            user=by, message=message, button=there[label], response_url=self._response_url(channel, ts, by)
        )
        return self._noted("press", by, label, self.people.interact(payload, **forged))

    def interact(self, payload: dict[str, Any], **forged: Any) -> Answer:
        """Sends any interactivity payload, such as a `view_submission`."""
        return self._noted("interaction", "", payload.get("type", ""), self.people.interact(payload, **forged))

    def command(self, user: str, command: str, text: str, **forged: Any) -> Answer:
        """Types a slash command in the user's direct channel."""
        url = self._response_url(channel_of(user), "0", user)
        return self._noted(
            "command", user, f"{command} {text}", self.people.command(user, command, text, url, **forged)
        )

    def event(self, event: dict[str, Any], **forged: Any) -> Answer:
        return self._noted("event", "", event.get("type", ""), self.people.event(event, **forged))

    def replay(self) -> Answer:
        """The last request to Tocsin again, byte for byte."""
        return self._noted("replay", "", "", self.people.replay())

    def unfurl(self, to: str) -> list[Answer]:
        """GETs what is linked in the messages, without cookies, as Slack's preview bot does."""
        found = [link for message in self.messages(to) for link in slack_blocks.links(message.text, message.blocks)]
        return [self.tocsin.call("GET", link) for link in found]

    def reset(self) -> None:
        self.heal()
        self.release()
        self.workspace.clear()

    # What Tocsin asks.

    def understand(self, request: Request) -> Call:
        if request.path.startswith("/response/"):
            return self._response(request)
        method, fields = request.path.removeprefix("/api/"), request.fields()
        for name in ("blocks", "attachments", "metadata", "view"):  # in a form these are JSON texts
            if isinstance(fields.get(name), str):
                fields[name] = json.loads(fields[name])
        given = request.headers.get("Authorization", "").removeprefix("Bearer ") or fields.get("token", "")

        def perform() -> Reply:
            if given != self.token:
                return refused("invalid_auth" if given else "not_authed")
            if method not in METHODS:
                return refused("unknown_method")
            with self.workspace.lock:
                return METHODS[method](self.workspace, fields)

        named = (str(fields[name]) for name in ("user", "channel", "users", "user_id", "email") if fields.get(name))
        return Call(
            method,
            perform,
            kind=_KINDS.get(method, "question"),
            to=person_of(next(named, "")),
            text=str(fields.get("text") or ""),
            reference=_reference(fields.get("metadata")),
            detail={name: fields[name] for name in ("ts", "metadata", "thread_ts") if fields.get(name)},
        )

    def refusal(self, fault: Fault) -> Reply:
        match fault:
            case RateLimited(retry_after=seconds):
                body = {"ok": False, "error": "ratelimited"}
                return json_reply(body, 429, outcome=fault.name, Retry_After=str(seconds))
            case SlackError(error=error):
                return refused(error)
        return json_reply({"ok": False, "error": "internal_error"}, outcome=fault.name)

    def _response(self, request: Request) -> Call:
        """A response_url needs no token, works five times, and answers whoever pressed."""
        channel, ts, user, number = request.path.removeprefix("/response/").split("/")
        fields = request.fields()

        def perform() -> Reply:
            with self.workspace.lock:
                uses = self.workspace.responses[number] = self.workspace.responses.get(number, 0) + 1
                if uses > _RESPONSES_ALLOWED:
                    return json_reply({"ok": False, "error": "used_url"}, 404, outcome="used_url")
                original = self.workspace.find(channel, ts)
                if fields.get("delete_original"):
                    self.workspace.remove(channel, ts)
                elif fields.get("replace_original") and original:
                    self.workspace.revise(original, fields)
                else:
                    public = fields.get("response_type") == "in_channel"
                    self.workspace.store(channel, fields, only_for=None if public else user)
            return json_reply({"ok": True})

        return Call("response_url", perform, kind="response", to=user, text=str(fields.get("text", "")))

    def _response_url(self, channel: str, ts: str, user: str) -> str:
        return f"{self.server.url}/response/{channel}/{ts}/{user}/{self.workspace.number()}"

    def _noted(self, kind: str, by: str, text: str, answer: Answer) -> Answer:
        self.ledger.record(
            provider=self.name,
            call="to tocsin",
            kind=kind,
            to=by,
            text=text,
            outcome=str(answer.status),
            accepted=answer.ok,
        )
        return answer


def _reference(metadata: dict[str, Any] | None) -> str:
    payload = (metadata or {}).get("event_payload") or {}
    return json.dumps(payload, sort_keys=True) if payload else ""
