"""The fake Slack, asked by slack-sdk."""

import http.client
import json
import threading
import time
import urllib.error
from typing import Any

import httpx
import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from tests.fakes import (
    Carriers,
    CloseBeforeAnswer,
    Hang,
    RateLimited,
    ResetAfterAccepting,
    ServerError,
    SlackError,
    SlowBody,
)
from tests.fakes.waiting import wait_for
from tests.fakes_check.product import Product, payload

ADA = "U0ADA"
BLOCKS: list[dict[str, Any]] = [
    {"type": "section", "text": {"type": "mrkdwn", "text": "*Replica lag* <https://tocsin.example/page/|open>"}},
    {
        "type": "actions",
        "elements": [
            {"type": "button", "text": {"type": "plain_text", "text": name}, "action_id": name.lower(), "value": "7"}
            for name in ("Acknowledge", "Resolve")
        ],
    },
]


@pytest.fixture
def slack(carriers: Carriers) -> WebClient:
    settings = carriers.environment
    return WebClient(settings["SLACK_BOT_TOKEN"], base_url=settings["SLACK_API_URL"], timeout=5, retry_handlers=[])


def test_a_message_to_a_user_arrives_in_her_direct_channel(carriers: Carriers, slack: WebClient) -> None:
    metadata = {"event_type": "page", "event_payload": {"delivery": "d1"}}

    answer = slack.chat_postMessage(channel=ADA, text="Replica lag", blocks=BLOCKS, metadata=metadata)

    assert answer["channel"] == "D0ADA"
    assert answer["message"]["metadata"] == metadata
    assert carriers.slack.to(ADA).texts == carriers.slack.to("D0ADA").texts == ["Replica lag"]
    assert carriers.slack.to(ADA).buttons == ["Acknowledge", "Resolve"]
    assert carriers.slack.to("U0BEN").texts == []


def test_an_update_changes_the_message_in_place_and_keeps_its_history(carriers: Carriers, slack: WebClient) -> None:
    sent = slack.chat_postMessage(channel=ADA, text="Replica lag", blocks=BLOCKS)

    slack.chat_update(channel=sent["channel"], ts=sent["ts"], text="Acknowledged by ada", blocks=[])

    assert carriers.slack.to(ADA).texts == ["Acknowledged by ada"]
    assert carriers.slack.to(ADA).buttons == []
    assert [version.text for version in carriers.slack.to(ADA).history] == ["Replica lag", "Acknowledged by ada"]


@pytest.mark.parametrize(
    ("call", "arguments", "error"),
    [
        ("chat.postMessage", {"channel": ADA}, "no_text"),
        ("chat.postMessage", {"channel": ADA, "text": "a" * 40_001}, "msg_too_long"),
        ("chat.postMessage", {"channel": ADA, "text": "a", "blocks": [{"type": "section"}]}, "invalid_blocks"),
        ("chat.update", {"channel": "D0ADA", "ts": "1.2", "text": "a"}, "message_not_found"),
        ("chat.update", {"channel": ADA, "ts": "1.2", "text": "a"}, "channel_not_found"),
        ("users.lookupByEmail", {"email": "nobody@example.com"}, "users_not_found"),
        ("chat.shout", {}, "unknown_method"),
    ],
)
def test_what_slack_refuses_is_refused(slack: WebClient, call: str, arguments: dict[str, object], error: str) -> None:
    with pytest.raises(SlackApiError) as refusal:
        slack.api_call(call, json=arguments)

    assert refusal.value.response["error"] == error


def test_a_wrong_token_is_refused_and_nothing_is_kept(carriers: Carriers, slack: WebClient) -> None:
    slack.token = "xoxb-stolen"

    with pytest.raises(SlackApiError, match="invalid_auth"):
        slack.chat_postMessage(channel=ADA, text="Replica lag")

    assert carriers.slack.to(ADA).texts == []
    assert carriers.ledger.pages == []


def test_the_other_methods_answer_as_slack_sdk_reads_them(carriers: Carriers, slack: WebClient) -> None:
    carriers.slack.add_member(ADA, "ada@example.com", "Ada")
    for number in range(3):
        slack.chat_postMessage(
            channel=ADA, text=f"page {number}", metadata={"event_type": "p", "event_payload": {"n": number}}
        )

    page = slack.conversations_history(channel="D0ADA", limit=2, include_all_metadata=True)
    rest = slack.conversations_history(channel="D0ADA", cursor=page["response_metadata"]["next_cursor"])

    assert slack.auth_test()["user_id"] == "U0TOCSIN"
    assert slack.users_lookupByEmail(email="ada@example.com")["user"]["id"] == ADA
    assert slack.conversations_open(users=ADA)["channel"]["id"] == "D0ADA"
    assert [message["metadata"]["event_payload"]["n"] for message in page["messages"]] == [2, 1]
    assert [message["text"] for message in rest["messages"]] == ["page 0"]
    assert slack.views_open(trigger_id="t", view={"type": "modal", "callback_id": "note"})["view"]["id"]
    assert carriers.slack.views[0]["callback_id"] == "note"


def test_a_pressed_button_reaches_the_product_correctly_signed(
    carriers: Carriers, slack: WebClient, product: Product
) -> None:
    slack.chat_postMessage(channel=ADA, text="Replica lag", blocks=BLOCKS)

    answer = carriers.slack.to(ADA).press("Acknowledge")

    pressed = payload(product.told("/slack/interactivity/")[0])
    assert answer.status == 200
    assert pressed["user"] == {"id": ADA, "username": "ada", "name": "ada", "team_id": "T0FAKES"}
    assert pressed["actions"][0] | {"action_id": "acknowledge", "value": "7"} == pressed["actions"][0]  # type: ignore[index]  # JSON
    assert pressed["message"]["text"] == "Replica lag"  # type: ignore[index]  # JSON


def test_a_button_that_is_not_there_cannot_be_pressed_but_a_stale_one_can(
    carriers: Carriers, slack: WebClient, product: Product
) -> None:
    sent = slack.chat_postMessage(channel=ADA, text="Replica lag", blocks=BLOCKS)
    seen = carriers.slack.to(ADA).latest
    slack.chat_update(channel=sent["channel"], ts=sent["ts"], text="Resolved", blocks=[])

    with pytest.raises(LookupError, match="no button 'Acknowledge'"):
        carriers.slack.to(ADA).press("Acknowledge")
    assert carriers.slack.to(ADA).press("Acknowledge", on=seen).ok


def test_forged_and_stale_presses_are_told_apart_from_a_replay(
    carriers: Carriers, slack: WebClient, product: Product
) -> None:
    slack.chat_postMessage(channel=ADA, text="Replica lag", blocks=BLOCKS)
    ada = carriers.slack.to(ADA)

    statuses = [ada.press("Acknowledge", secret="wrong").status, ada.press("Acknowledge", age=301).status]
    ada.press("Acknowledge")
    ada.replay()

    assert statuses == [403, 403]
    first, second = product.told("/slack/interactivity/")
    assert first == second


def test_a_response_url_answers_whoever_pressed_and_wears_out(
    carriers: Carriers, slack: WebClient, product: Product
) -> None:
    slack.chat_postMessage(channel="C0OPS", text="Replica lag", blocks=BLOCKS)
    carriers.slack.to("C0OPS").press("Acknowledge", by=ADA)
    url = str(payload(product.told("/slack/interactivity/")[0])["response_url"])

    statuses = [httpx.post(url, json={"text": "Only you see this."}).status_code for _ in range(6)]
    httpx.post(url, json={"replace_original": True, "text": "late"})

    assert statuses == [200] * 5 + [404]
    assert carriers.slack.to(ADA).texts == ["Only you see this."] * 5
    assert carriers.slack.to("C0OPS").texts == ["Replica lag"]


def test_a_slash_command_and_an_event_are_signed_too(carriers: Carriers, product: Product) -> None:
    answers = [
        carriers.slack.to(ADA).command("/tocsin", "who db"),
        carriers.slack.event({"type": "app_home_opened", "user": ADA}),
        carriers.slack.event({"type": "app_home_opened"}, secret="wrong"),
    ]

    assert [answer.status for answer in answers] == [200, 200, 403]
    assert product.told("/slack/commands/")[0]["text"] == "who db"


def test_previews_fetch_links_without_pressing_anything(carriers: Carriers, slack: WebClient, product: Product) -> None:
    slack.chat_postMessage(channel=ADA, text="Replica lag", blocks=BLOCKS)

    carriers.slack.to(ADA).unfurl()

    assert product.visits == ["/page/"]


def test_a_rate_limit_names_its_seconds_and_hits_only_the_next_calls(carriers: Carriers, slack: WebClient) -> None:
    carriers.slack.fail(next=2, with_=RateLimited(30))

    for _ in range(2):
        with pytest.raises(SlackApiError) as refusal:
            slack.chat_postMessage(channel=ADA, text="Replica lag")
        assert refusal.value.response.status_code == 429
        assert refusal.value.response.headers["Retry-After"] == "30"
    slack.chat_postMessage(channel=ADA, text="Replica lag")

    assert [entry.outcome for entry in carriers.ledger.entries] == ["RateLimited", "RateLimited", "accepted"]
    assert carriers.slack.to(ADA).texts == ["Replica lag"]


def test_a_fault_can_be_for_one_person_and_one_method(carriers: Carriers, slack: WebClient) -> None:
    carriers.slack.fail(SlackError("channel_not_found"), next=None, to=ADA, call="chat.postMessage")

    slack.chat_postMessage(channel="U0BEN", text="Replica lag")
    slack.conversations_open(users=ADA)
    with pytest.raises(SlackApiError, match="channel_not_found"):
        slack.chat_postMessage(channel=ADA, text="Replica lag")

    assert carriers.slack.to(ADA).texts == []


def test_a_server_error_is_no_json(carriers: Carriers, slack: WebClient) -> None:
    carriers.slack.fail(ServerError(503))

    with pytest.raises(SlackApiError) as refusal:
        slack.chat_postMessage(channel=ADA, text="Replica lag")

    assert refusal.value.response.status_code == 503


@pytest.mark.parametrize(
    ("fault", "error", "texts"),
    [
        (ResetAfterAccepting(), ConnectionResetError, ["Replica lag"]),
        (CloseBeforeAnswer(), http.client.RemoteDisconnected, []),
        (CloseBeforeAnswer(carried_out=True), http.client.RemoteDisconnected, ["Replica lag"]),
    ],
)
def test_a_broken_connection_leaves_the_sender_in_doubt(
    carriers: Carriers, slack: WebClient, fault: Any, error: type[Exception], texts: list[str]
) -> None:
    carriers.slack.fail(fault)

    with pytest.raises((error, urllib.error.URLError)):
        slack.chat_postMessage(channel=ADA, text="Replica lag")

    assert carriers.slack.to(ADA).texts == texts
    assert carriers.ledger.entries[-1].accepted is bool(texts)


def test_a_hanging_request_ends_when_released(carriers: Carriers, slack: WebClient) -> None:
    carriers.slack.fail(Hang())
    outcome: list[Exception] = []

    def send() -> None:
        try:
            slack.chat_postMessage(channel=ADA, text="Replica lag")
        except (OSError, http.client.HTTPException) as error:
            outcome.append(error)

    sender = threading.Thread(target=send)
    sender.start()
    wait_for(lambda: carriers.ledger.entries, what="the request to arrive")
    assert not outcome
    carriers.slack.release()
    sender.join(5)

    assert isinstance(outcome[0], http.client.RemoteDisconnected)


def test_a_client_with_a_timeout_gets_away_from_a_hanging_slack(carriers: Carriers, slack: WebClient) -> None:
    carriers.slack.fail(Hang())
    slack.timeout = 1
    started = time.monotonic()

    with pytest.raises(TimeoutError):
        slack.chat_postMessage(channel=ADA, text="Replica lag")

    assert time.monotonic() - started < 3


def test_a_slow_body_comes_byte_by_byte(carriers: Carriers, slack: WebClient) -> None:
    carriers.slack.fail(SlowBody(gap=0.002))
    started = time.monotonic()

    slack.auth_test()

    assert time.monotonic() - started > 0.2


def test_forms_are_understood_like_json(carriers: Carriers) -> None:
    settings = carriers.environment
    form = {"channel": ADA, "text": "Replica lag", "blocks": json.dumps(BLOCKS), "token": settings["SLACK_BOT_TOKEN"]}

    answer = httpx.post(settings["SLACK_API_URL"] + "chat.postMessage", data=form)

    assert answer.json()["ok"]
    assert carriers.slack.to(ADA).buttons == ["Acknowledge", "Resolve"]
