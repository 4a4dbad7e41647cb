"""What stands in the lines of COPY comes back as it was, whatever it holds."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as given_a

from alerts.models import Alert
from tests.alerts.doorstep import Doorstep, a_sender
from tests.factories import a_service
from tests.world import MovedEngine

TRICKY = [
    "\\N",
    "\\",
    "\\.",
    "a\tb",
    "a\nb",
    "a\r\nb",
    "\\t",
    '"quoted" \\" back',
    "{1,2}",
    "Ünï",
    "\u2028",
    "\x7f",
    "'",
]


@pytest.mark.parametrize("text", TRICKY)
def test_every_text_is_kept_as_it_came(doorstep: Doorstep, engine: MovedEngine, text: str) -> None:
    sender = a_sender(doorstep, "generic", service=a_service(), group_by=["evil"])
    body = {"title": "t", "description": f"a {text} b", "dedup_key": f"k{text}k", "labels": {"evil": text, text: "x"}}

    sender.post(body)
    engine.run()

    (alert,) = sender.alerts()
    assert (alert.description, alert.dedup_key) == (f"a {text} b", f"k{text}k")
    assert alert.labels["evil"] == text
    assert alert.labels[text] == "x"
    assert alert.group_key.endswith(text)


@given(
    text=given_a.text(given_a.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=50)
)
@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_label_is_kept_as_it_came(doorstep: Doorstep, engine: MovedEngine, text: str) -> None:
    Alert.objects.all().delete()
    sender = a_sender(doorstep, "generic", service=a_service(), name=f"sender {Alert.objects.count()} {text!r:.60}")

    sender.post({"title": "t", "dedup_key": "k", "labels": {"said": text}})
    engine.run()

    (alert,) = sender.alerts()
    assert alert.labels["said"] == text
