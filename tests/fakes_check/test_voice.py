"""Calls of the fake Twilio: every way a telephone call can go, with a stand-in product that asks for a key."""

from typing import Any

import pytest

from tests.fakes import Carriers
from tests.fakes_check.product import PUBLIC_URL, Product
from tests.fakes_check.test_sms import ADA, twilio

__all__ = ["twilio"]

CALLBACK = f"{PUBLIC_URL}/twilio/voice-status/"


@pytest.fixture
def ringing(carriers: Carriers, product: Product, twilio: Any) -> Any:
    return twilio.calls.create(
        to=ADA,
        from_=carriers.environment["TWILIO_FROM"],
        url=f"{PUBLIC_URL}/twilio/voice/",
        status_callback=CALLBACK,
        status_callback_event=["answered", "completed"],
    )


def told(product: Product) -> list[str]:
    return [fields["CallStatus"] for fields in product.told("/twilio/voice-status/")]


def test_a_call_rings_until_somebody_picks_up_and_presses_a_key(
    carriers: Carriers, product: Product, twilio: Any, ringing: Any
) -> None:
    ada = carriers.voice.to(ADA)

    ada.pick_up()
    ada.press("1")

    assert ringing.status == "queued"
    assert ada.texts == ["Replica lag. Press 1 to acknowledge. You pressed 1."]
    assert product.told("/twilio/voice/key/")[0]["Digits"] == "1"
    assert told(product) == ["in-progress", "completed"]
    assert twilio.calls(ringing.sid).fetch().status == "completed"
    assert [entry.kind for entry in carriers.ledger.pages] == ["call"]


def test_a_voicemail_hears_everything_and_presses_nothing(carriers: Carriers, product: Product, ringing: Any) -> None:
    carriers.voice.to(ADA).voicemail()

    assert carriers.voice.to(ADA).texts == ["Replica lag. Press 1 to acknowledge. Goodbye."]
    assert product.told("/twilio/voice/")[0]["AnsweredBy"] == "machine_start"
    assert product.told("/twilio/voice/key/") == []


def test_who_hangs_up_or_declines_has_pressed_nothing(
    carriers: Carriers, product: Product, twilio: Any, ringing: Any
) -> None:
    carriers.voice.to(ADA).pick_up()
    carriers.voice.to(ADA).hang_up()
    twilio.calls.create(to=ADA, from_="+12025550199", url=f"{PUBLIC_URL}/twilio/voice/", status_callback=CALLBACK)
    carriers.voice.to(ADA).decline("no-answer")

    assert told(product) == ["in-progress", "completed", "no-answer"]
    with pytest.raises(LookupError, match="Nobody waits for keys"):
        carriers.voice.to(ADA).press("1")


def test_a_forged_key_press_is_refused(carriers: Carriers, product: Product, ringing: Any) -> None:
    carriers.voice.to(ADA).pick_up()

    assert carriers.voice.to(ADA).press("1", secret="wrong").status == 403
    assert product.told("/twilio/voice/key/") == []


def test_the_product_can_end_a_call(carriers: Carriers, product: Product, twilio: Any, ringing: Any) -> None:
    twilio.calls(ringing.sid).update(status="canceled")

    with pytest.raises(LookupError, match="over: canceled"):
        carriers.voice.to(ADA).pick_up()
