"""The fakes in a process of their own answer to the same words."""

import json
import signal
import smtplib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from tests.fakes import Carriers, RateLimited, receipts, remote
from tests.fakes_check.product import PUBLIC_URL, Product
from tests.fakes_check.test_mail import page
from tests.fakes_check.test_slack import BLOCKS

ADA, NUMBER, MAIL = "U0ADA", "+12025550101", "ada@example.com"


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[Carriers]:
    with remote.process() as carriers:
        yield carriers


@pytest.fixture
def carriers(elsewhere: Carriers) -> Carriers:
    elsewhere.reset()
    return elsewhere


def send_sms(carriers: Carriers, text: str) -> httpx.Response:
    settings = carriers.environment
    account = settings["TWILIO_ACCOUNT_SID"]
    return httpx.post(
        f"{settings['TWILIO_API_URL']}/2010-04-01/Accounts/{account}/Messages.json",
        auth=(account, settings["TWILIO_AUTH_TOKEN"]),
        data={
            "To": NUMBER,
            "From": settings["TWILIO_FROM"],
            "Body": text,
            "StatusCallback": f"{PUBLIC_URL}/twilio/status/",
        },
    )


def test_a_press_a_reply_and_a_followed_link_reach_the_product(carriers: Carriers, product: Product) -> None:
    settings = carriers.environment
    slack = WebClient(settings["SLACK_BOT_TOKEN"], base_url=settings["SLACK_API_URL"])
    slack.chat_postMessage(channel=ADA, text="Replica lag", blocks=BLOCKS)
    send_sms(carriers, "Replica lag")
    with smtplib.SMTP("127.0.0.1", int(settings["EMAIL_URL"].rpartition(":")[2])) as smtp:
        smtp.send_message(page())
    carriers.sms.wait_until_settled()

    answers = [
        carriers.slack.to(ADA).press("Acknowledge"),
        carriers.sms.to(NUMBER).reply("1"),
        carriers.mail.to(MAIL).follow("Acknowledge"),
        carriers.slack.to(ADA).press("Acknowledge", secret="wrong"),
    ]

    assert [answer.status for answer in answers] == [200, 200, 200, 403]
    assert carriers.sms.to(NUMBER).texts == ["Replica lag", "Acknowledged."]
    assert carriers.sms.to(NUMBER).pages[0].status == "delivered"
    assert carriers.slack.to(ADA).buttons == ["Acknowledge", "Resolve"]
    assert carriers.mail.to(MAIL).subjects == ["Replica lag – db"]
    assert {entry.kind for entry in carriers.ledger.pages} == {"message", "mail"}
    assert len(product.told("/twilio/status/")) == 2


def test_faults_and_receipts_are_scripted_from_here(carriers: Carriers, product: Product) -> None:
    settings = carriers.environment
    slack = WebClient(settings["SLACK_BOT_TOKEN"], base_url=settings["SLACK_API_URL"], retry_handlers=[])
    carriers.slack.fail(RateLimited(3), to=ADA)
    carriers.sms.receipts(receipts.undelivered(30005), next=1)

    with pytest.raises(SlackApiError, match="ratelimited"):
        slack.chat_postMessage(channel=ADA, text="Replica lag")
    send_sms(carriers, "Replica lag")
    carriers.sms.wait_until_settled()

    assert carriers.sms.to(NUMBER).latest.error_code == 30005
    assert [entry.outcome for entry in carriers.ledger.where(provider="slack")] == ["RateLimited"]


def test_what_cannot_be_done_says_why(carriers: Carriers) -> None:
    with pytest.raises(LookupError, match="received nothing"):
        carriers.slack.to(ADA).press("Acknowledge")
    with pytest.raises(LookupError, match="Nobody called"):
        carriers.voice.to(NUMBER).pick_up()


def test_the_words_of_a_test_can_be_posted_by_hand(carriers: Carriers, product: Product) -> None:
    control = carriers.home._wire._http  # type: ignore[attr-defined]  # as curl would

    done = control.post("/__act__", json={"provider": "sms", "to": NUMBER, "act": "reply", "args": {"text": "1"}})
    unknown = control.post("/__act__", json={"provider": "sms", "to": NUMBER, "act": "sing"})

    assert (done.status_code, done.json()["status"]) == (200, 200)
    assert (unknown.status_code, "can only replay, reply" in unknown.text) == (404, True)


def test_a_process_keeps_its_ledger_in_a_file_and_ends_cleanly(tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "tests.fakes",
        "--ledger-file",
        str(tmp_path / "ledger.jsonl"),
        "--slack-token",
        "xoxb-t",
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        settings = json.loads(running.stdout.readline())["environment"]
        WebClient("xoxb-t", base_url=settings["SLACK_API_URL"]).chat_postMessage(channel=ADA, text="Replica lag")
        running.send_signal(signal.SIGTERM)
        _, complaints = running.communicate(timeout=10)

    entry = json.loads((tmp_path / "ledger.jsonl").read_text())
    assert (running.returncode, complaints) == (0, "")
    assert (entry["to"], entry["text"], entry["outcome"]) == (ADA, "Replica lag", "accepted")
