"""The fake Twilio, asked by twilio's own client and checked by twilio's own validator."""

from typing import Any

import pytest
import requests
from twilio.base.exceptions import TwilioRestException
from twilio.http.http_client import TwilioHttpClient
from twilio.rest import Client

from tests.fakes import Carriers, RateLimited, ResetAfterAccepting, ServerError, TwilioError, receipts
from tests.fakes.twilio_texts import segments
from tests.fakes.waiting import wait_for
from tests.fakes_check.product import PUBLIC_URL, Product

ADA = "+12025550101"
CALLBACK = f"{PUBLIC_URL}/twilio/status/?delivery=d1"


class Redirected(TwilioHttpClient):  # type: ignore[misc]  # twilio publishes no types
    """Sends to the fake what is meant for api.twilio.com."""

    def __init__(self, api_url: str) -> None:
        super().__init__(timeout=5)
        self.api_url = api_url

    def request(self, method: str, url: str, *rest: Any, **more: Any) -> Any:
        return super().request(method, url.replace("https://api.twilio.com", self.api_url), *rest, **more)


@pytest.fixture
def twilio(carriers: Carriers) -> Any:
    settings = carriers.environment
    web = Redirected(settings["TWILIO_API_URL"])
    yield Client(settings["TWILIO_ACCOUNT_SID"], settings["TWILIO_AUTH_TOKEN"], http_client=web)
    web.session.close()


def send(twilio: Any, carriers: Carriers, text: str = "Replica lag", **more: Any) -> Any:
    return twilio.messages.create(to=ADA, from_=carriers.environment["TWILIO_FROM"], body=text, **more)


def test_a_message_is_queued_kept_and_can_be_asked_for(carriers: Carriers, twilio: Any) -> None:
    sent = send(twilio, carriers, validity_period=600)

    assert sent.sid.startswith("SM")
    assert sent.status == "queued"
    assert carriers.sms.to(ADA).texts == ["Replica lag"]
    assert carriers.sms.to(ADA).latest.validity_period == 600
    assert twilio.messages(sent.sid).fetch().body == "Replica lag"
    assert [message.sid for message in twilio.messages.list(to=ADA)] == [sent.sid]
    assert twilio.messages.list(to="+12025550102") == []


def test_a_long_list_comes_in_pages(carriers: Carriers, twilio: Any) -> None:
    for number in range(5):
        send(twilio, carriers, f"page {number}")

    bodies = [message.body for message in twilio.messages.list(to=ADA, page_size=2)]

    assert bodies == [f"page {number}" for number in reversed(range(5))]


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"to": "ada"}, 21211),
        ({"body": ""}, 21602),
        ({"body": "a" * 1601}, 21617),
        ({"status_callback": "/twilio/status/"}, 21609),
    ],
)
def test_what_twilio_refuses_is_refused(carriers: Carriers, twilio: Any, values: dict[str, str], code: int) -> None:
    message = {"to": ADA, "from_": "+12025550199", "body": "Replica lag"} | values

    with pytest.raises(TwilioRestException) as refusal:
        twilio.messages.create(**message)

    assert refusal.value.code == code
    assert carriers.sms.to(ADA).texts == []


def test_a_wrong_password_is_refused(carriers: Carriers) -> None:
    settings = carriers.environment
    web = Redirected(settings["TWILIO_API_URL"])

    with pytest.raises(TwilioRestException) as refusal:
        send(Client(settings["TWILIO_ACCOUNT_SID"], "wrong", http_client=web), carriers)
    web.session.close()

    assert (refusal.value.status, refusal.value.code) == (401, 20003)
    assert carriers.sms.to(ADA).texts == []


def test_receipts_are_signed_and_in_order(carriers: Carriers, twilio: Any, product: Product) -> None:
    sent = send(twilio, carriers, status_callback=CALLBACK)
    carriers.sms.wait_until_settled()

    told = product.told("/twilio/status/")
    assert [fields["MessageStatus"] for fields in told] == ["sent", "delivered"]
    assert {fields["MessageSid"] for fields in told} == {sent.sid}
    assert twilio.messages(sent.sid).fetch().status == "delivered"
    assert carriers.ledger.pages[0].reference == "delivery=d1"


@pytest.mark.parametrize(
    ("script", "told", "status"),
    [
        (receipts.NEVER, [], "queued"),
        (receipts.LOST, [], "delivered"),
        (receipts.TWICE, ["sent", "sent", "delivered", "delivered"], "delivered"),
        (receipts.OUT_OF_ORDER, ["delivered", "sent"], "sent"),
        (receipts.undelivered(30003), ["sent", "undelivered"], "undelivered"),
        (receipts.late(0.05), ["sent", "delivered"], "delivered"),
    ],
)
def test_receipts_follow_their_script(
    carriers: Carriers, twilio: Any, product: Product, script: receipts.Receipts, told: list[str], status: str
) -> None:
    carriers.sms.receipts(script, to=ADA)

    send(twilio, carriers, status_callback=CALLBACK)
    carriers.sms.wait_until_settled()

    fields = product.told("/twilio/status/")
    assert [one["MessageStatus"] for one in fields] == told
    assert carriers.sms.to(ADA).latest.status == status
    assert [one["ErrorCode"] for one in fields if "ErrorCode" in one] == ["30003"] * (status == "undelivered")


def test_a_receipt_can_be_sent_by_hand_forged_and_replayed(carriers: Carriers, twilio: Any, product: Product) -> None:
    carriers.sms.receipts(receipts.NEVER)
    send(twilio, carriers, status_callback=CALLBACK)
    ada = carriers.sms.to(ADA)

    statuses = [
        ada.send_receipt("delivered", secret="wrong").status,
        ada.send_receipt("delivered", signed_url="https://evil.example/").status,
        ada.send_receipt("delivered").status,
        ada.replay().status,
    ]

    assert statuses == [403, 403, 200, 200]
    assert len(product.told("/twilio/status/")) == 2


def test_a_reply_reaches_the_product_and_its_answer_the_person(
    carriers: Carriers, twilio: Any, product: Product
) -> None:
    send(twilio, carriers)

    answer = carriers.sms.to(ADA).reply("1")

    assert answer.status == 200
    told = product.told("/twilio/sms/")[0]
    assert (told["From"], told["To"], told["Body"]) == (ADA, carriers.environment["TWILIO_FROM"], "1")
    assert carriers.sms.to(ADA).texts == ["Replica lag", "Acknowledged."]
    assert [message.text for message in carriers.sms.to(ADA).pages] == ["Replica lag"]
    assert carriers.sms.to(ADA).reply("1", secret="wrong").status == 403


def test_who_texts_stop_gets_nothing_more_until_start(carriers: Carriers, twilio: Any, product: Product) -> None:
    carriers.sms.to(ADA).reply("stop")

    with pytest.raises(TwilioRestException) as refusal:
        send(twilio, carriers)
    carriers.sms.to(ADA).reply("START")
    send(twilio, carriers)

    assert refusal.value.code == 21610
    assert carriers.sms.to(ADA).texts == ["Acknowledged.", "Replica lag"]


@pytest.mark.parametrize("code", [20429, 21408, 21610, 30001, 39999])
def test_an_error_code_comes_in_twilios_shape(carriers: Carriers, twilio: Any, code: int) -> None:
    carriers.sms.fail(TwilioError(code))

    with pytest.raises(TwilioRestException) as refusal:
        send(twilio, carriers)

    assert (refusal.value.code, refusal.value.status) == (code, 400)
    assert carriers.sms.to(ADA).texts == []


def test_a_rate_limit_and_an_outage_are_told_apart(carriers: Carriers, twilio: Any) -> None:
    carriers.sms.fail(RateLimited(7))
    carriers.sms.fail(ServerError(503))

    with pytest.raises(TwilioRestException) as limited:
        send(twilio, carriers)
    headers = twilio.http_client._test_only_last_response.headers
    with pytest.raises(TwilioRestException) as down:
        send(twilio, carriers)

    assert (limited.value.status, headers["Retry-After"], down.value.status) == (429, "7", 503)


def test_a_reset_after_accepting_shows_as_duplicate_when_sent_again(carriers: Carriers, twilio: Any) -> None:
    carriers.sms.fail(ResetAfterAccepting())

    with pytest.raises(requests.ConnectionError):
        send(twilio, carriers)
    assert carriers.ledger.duplicates() == []
    send(twilio, carriers)

    assert [len(group) for group in carriers.ledger.duplicates()] == [2]


def test_receipts_that_nobody_takes_are_written_down(carriers: Carriers, twilio: Any) -> None:
    carriers.point_at("http://127.0.0.1:9", PUBLIC_URL)

    send(twilio, carriers, status_callback=CALLBACK)
    carriers.sms.wait_until_settled()

    outcomes = [entry.outcome for entry in carriers.ledger.where(kind="receipt")]
    assert outcomes == ["0", "0"]


def test_with_a_lent_caller_receipts_wait_to_be_settled(carriers: Carriers, twilio: Any, product: Product) -> None:
    by_http = carriers.home.tocsin._by_http  # type: ignore[attr-defined]  # the ordinary way, lent
    carriers.point_at(product.server.url, PUBLIC_URL, call=by_http)
    send(twilio, carriers, status_callback=CALLBACK)
    assert product.seen == []

    assert carriers.settle() == 2

    assert len(product.told("/twilio/status/")) == 2
    wait_for(lambda: not carriers.settle())


@pytest.mark.parametrize(
    ("text", "count"), [("a" * 160, 1), ("a" * 161, 2), ("é" * 160, 1), ("€" * 81, 2), ("ж" * 70, 1), ("ж" * 71, 2)]
)
def test_segments_are_counted_as_billed(text: str, count: int) -> None:
    assert segments(text) == count


def test_pages_with_a_common_status_callback_are_told_apart_by_text(carriers: Carriers, twilio: Any) -> None:
    for text in ("Replica lag", "Disk full", "Disk full"):
        send(twilio, carriers, text, status_callback=f"{PUBLIC_URL}/twilio/status/")

    assert [[entry.text for entry in group] for group in carriers.ledger.duplicates()] == [["Disk full", "Disk full"]]
