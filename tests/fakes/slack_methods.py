"""The methods of Slack's Web API that the fake answers, each as a function from workspace and parameters to a reply.

Shapes and error names: https://docs.slack.dev/reference/methods and the page of each method.
"""

from collections.abc import Callable
from typing import Any

from tests.fakes import slack_blocks
from tests.fakes.serving import Reply, json_reply
from tests.fakes.slack_workspace import APP, BOT, BOT_USER, TEAM, Workspace, channel_of, person_of

Fields = dict[str, Any]
MAX_TEXT = 40_000


def refused(error: str, **more: object) -> Reply:
    """HTTP 200 and `ok: false`, as Slack says no."""
    return json_reply({"ok": False, "error": error, **more}, outcome=error)


def _done(**values: object) -> Reply:
    return json_reply({"ok": True, **values})


def _auth_test(workspace: Workspace, fields: Fields) -> Reply:
    return _done(
        url="https://fakes.slack.com/",
        team="Fakes",
        user="tocsin",
        team_id=TEAM,
        user_id=BOT_USER,
        bot_id=BOT,
        app_id=APP,
    )


def _bad_content(fields: Fields) -> Reply | None:
    blocks = fields.get("blocks") or []
    if not (fields.get("text") or blocks or fields.get("attachments")):
        return refused("no_text")
    if len(fields.get("text") or "") > MAX_TEXT:
        return refused("msg_too_long")
    problem = slack_blocks.problem(blocks)
    return refused("invalid_blocks", response_metadata={"messages": [f"[ERROR] {problem}"]}) if problem else None


def _post_message(workspace: Workspace, fields: Fields) -> Reply:
    if not fields.get("channel"):
        return refused("channel_not_found")
    bad = _bad_content(fields)
    if bad:
        return bad
    message = workspace.store(channel_of(fields["channel"]), fields)
    return _done(channel=message.channel, ts=message.ts, message=message.as_slack())


def _post_ephemeral(workspace: Workspace, fields: Fields) -> Reply:
    if not fields.get("channel") or not fields.get("user"):
        return refused("user_not_in_channel")
    bad = _bad_content(fields)
    if bad:
        return bad
    message = workspace.store(channel_of(fields["channel"]), fields, only_for=fields["user"])
    return _done(message_ts=message.ts)


def _update(workspace: Workspace, fields: Fields) -> Reply:
    # Slack takes only the channel's own id here, never the user's.
    if fields.get("channel", "")[:1] not in ("C", "D", "G"):
        return refused("channel_not_found")
    message = workspace.find(fields["channel"], str(fields.get("ts", "")))
    if message is None or message.only_for:
        return refused("message_not_found")
    bad = _bad_content(fields)
    if bad:
        return bad
    message = workspace.revise(message, fields)
    return _done(channel=message.channel, ts=message.ts, text=message.text, message=message.as_slack())


def _delete(workspace: Workspace, fields: Fields) -> Reply:
    if not workspace.remove(fields.get("channel", ""), str(fields.get("ts", ""))):
        return refused("message_not_found")
    return _done(channel=fields["channel"], ts=fields["ts"])


def _permalink(workspace: Workspace, fields: Fields) -> Reply:
    channel, ts = fields.get("channel", ""), str(fields.get("message_ts", ""))
    if workspace.find(channel, ts) is None:
        return refused("message_not_found")
    link = f"https://fakes.slack.com/archives/{channel}/p{ts.replace('.', '')}"
    return _done(channel=channel, permalink=link)


def _open(workspace: Workspace, fields: Fields) -> Reply:
    users = str(fields.get("users") or "")
    if not users:
        return refused("users_list_not_supplied")
    return _done(channel={"id": channel_of(users.partition(",")[0])}, already_open=False, no_op=False)


def _info(workspace: Workspace, fields: Fields) -> Reply:
    channel = fields.get("channel", "")
    return _done(
        channel={"id": channel, "name": channel[1:].lower(), "is_im": channel.startswith("D"), "is_member": True}
    )


def _history(workspace: Workspace, fields: Fields) -> Reply:
    """Newest first, in pages of `limit`, between `oldest` and `latest`; metadata only where asked for."""
    oldest, latest = float(fields.get("oldest") or 0), float(fields.get("latest") or 1e12)
    inclusive = str(fields.get("inclusive", "")).lower() in ("1", "true")
    thread = fields.get("ts")

    def is_wanted(ts: str) -> bool:
        return oldest < float(ts) < latest or (inclusive and float(ts) in (oldest, latest))

    found = [
        message
        for message in workspace.channels[channel_of(fields.get("channel", ""))].values()
        if is_wanted(message.ts)
        and not message.only_for
        and (thread is None or thread in (message.ts, message.thread_ts))
    ]
    found.sort(key=lambda message: message.ts, reverse=thread is None)
    start, limit = int(fields.get("cursor") or 0), int(fields.get("limit") or 100)
    shown = [message.as_slack() for message in found[start : start + limit]]
    if str(fields.get("include_all_metadata", "")).lower() not in ("1", "true"):
        shown = [{name: value for name, value in message.items() if name != "metadata"} for message in shown]
    more = start + limit < len(found)
    cursor = {"next_cursor": str(start + limit) if more else ""}
    return _done(messages=shown, has_more=more, response_metadata=cursor)


def _lookup_by_email(workspace: Workspace, fields: Fields) -> Reply:
    for member in workspace.members.values():
        if member["profile"]["email"] == fields.get("email"):
            return _done(user=member)
    return refused("users_not_found")


def _user_info(workspace: Workspace, fields: Fields) -> Reply:
    member = workspace.members.get(person_of(fields.get("user", "")))
    return _done(user=member) if member else refused("user_not_found")


def _users(workspace: Workspace, fields: Fields) -> Reply:
    return _done(members=list(workspace.members.values()), response_metadata={"next_cursor": ""})


def _view(workspace: Workspace, fields: Fields) -> Reply:
    view = fields.get("view")
    if not isinstance(view, dict):
        return refused("invalid_arguments")
    opened = {"id": fields.get("view_id") or f"V{workspace.number():08d}", "team_id": TEAM, "hash": "1.1", **view}
    workspace.views.append({"trigger_id": fields.get("trigger_id"), "user": fields.get("user_id"), **opened})
    return _done(view=opened)


def _nothing_to_say(workspace: Workspace, fields: Fields) -> Reply:
    return _done()


METHODS: dict[str, Callable[[Workspace, Fields], Reply]] = {
    "api.test": _nothing_to_say,
    "auth.test": _auth_test,
    "chat.delete": _delete,
    "chat.getPermalink": _permalink,
    "chat.postEphemeral": _post_ephemeral,
    "chat.postMessage": _post_message,
    "chat.update": _update,
    "conversations.history": _history,
    "conversations.info": _info,
    "conversations.join": _info,
    "conversations.open": _open,
    "conversations.replies": _history,
    "pins.add": _nothing_to_say,
    "reactions.add": _nothing_to_say,
    "users.info": _user_info,
    "users.list": _users,
    "users.lookupByEmail": _lookup_by_email,
    "views.open": _view,
    "views.publish": _view,
    "views.push": _view,
    "views.update": _view,
}
