"""Amazon SNS: subscriptions confirm themselves once the signature was checked, and what is forged is not believed."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from pytest_django import DjangoAssertNumQueries

from alerts.integrations import keys
from alerts.models import Errand, EventStatus, SigningCertificate
from alerts.parsing import sns
from alerts.parsing.source import Received
from alerts.pipeline import quarantine
from core.errors import Invalid
from incidents.models import Urgency
from tests.alerts.doorstep import Doorstep, Sender, a_sender
from tests.factories import a_service
from tests.fakes import sns as amazon
from tests.fakes.sns import TOPIC, FakeSns, as_bytes
from tests.world import MovedEngine

TEXT = {"content-type": "text/plain; charset=UTF-8"}
AT = datetime(2026, 3, 1, 10, tzinfo=UTC)
PEM_URL = "https://sns.eu-central-1.amazonaws.com/SimpleNotificationService-1.pem"


@pytest.fixture
def fake(settings: object) -> Iterator[FakeSns]:
    with amazon.running() as fake:
        settings.SNS_API_URL = f"{fake.url}/"  # type: ignore[attr-defined]
        yield fake


@pytest.fixture
def sender(doorstep: Doorstep) -> Sender:
    return a_sender(doorstep, "aws_cloudwatch_sns", service=a_service("checkout"), name="aws")


@pytest.fixture
def strict(sender: Sender) -> Sender:
    """It takes one topic's messages only."""
    keys.change_integration(sender.integration, secret=TOPIC)
    return sender


def _statuses(sender: Sender) -> list[tuple[str, str]]:
    return [(event.status, event.reason) for event in sender.events()]


@pytest.mark.parametrize("version", ["1", "2"])
def test_a_subscription_is_confirmed_by_itself(
    sender: Sender, fake: FakeSns, engine: MovedEngine, version: str
) -> None:
    sender.post(as_bytes(fake.signed("SubscriptionConfirmation", version=version)), TEXT)
    engine.run()

    (event,) = sender.events()
    assert fake.confirmed == ["2336412f37"]
    assert (event.status, event.reason) == (EventStatus.IGNORED, "subscription_confirmed")
    assert event.problem == f"Confirmed: the topic {TOPIC} sends here from now on."
    assert not Errand.objects.exists()


def test_the_certificate_is_fetched_once(sender: Sender, fake: FakeSns, engine: MovedEngine) -> None:
    for _ in range(2):
        sender.post(as_bytes(fake.signed("SubscriptionConfirmation")), TEXT)
        engine.run()

    assert fake.asked == ["/SimpleNotificationService-1.pem", "/", "/"]


def test_the_door_waits_for_nobody(sender: Sender, fake: FakeSns) -> None:
    sender.post(as_bytes(fake.signed("SubscriptionConfirmation")), TEXT)

    assert fake.asked == []


def test_a_confirmation_is_tried_again_until_amazon_answers(sender: Sender, fake: FakeSns, engine: MovedEngine) -> None:
    fake.answers = [503, 200, 500]

    sender.post(as_bytes(fake.signed("SubscriptionConfirmation")), TEXT)
    engine.run()
    told = sender.events()[0].problem
    engine.fast_forward(minutes=1)

    assert "was not reached to confirm the subscription (Amazon answered 503)" in told
    assert (fake.confirmed, _statuses(sender)) == (["2336412f37"], [("ignored", "subscription_confirmed")])


def test_what_cannot_be_confirmed_is_told_of_after_hours(sender: Sender, fake: FakeSns, engine: MovedEngine) -> None:
    fake.answers = [503] * 100

    sender.post(as_bytes(fake.signed("SubscriptionConfirmation")), TEXT)
    engine.fast_forward(hours=3)

    assert _statuses(sender) == [("quarantined", "not_confirmed")]
    assert "by hand" in sender.events()[0].problem
    assert len(sender.incidents()) == 1
    assert not Errand.objects.exists()


@pytest.mark.parametrize(
    "forged",
    [
        {"Token": "another"},
        {"TopicArn": "arn:aws:sns:eu-central-1:000000000000:other"},
        {"Signature": "AAAA"},
        {"Signature": "no base64!"},
        {"SignatureVersion": "3"},
    ],
)
def test_a_forged_confirmation_is_not_followed(
    sender: Sender, fake: FakeSns, engine: MovedEngine, forged: dict[str, str]
) -> None:
    sender.post(as_bytes({**fake.signed("SubscriptionConfirmation"), **forged}), TEXT)
    engine.run()

    assert fake.confirmed == []
    assert _statuses(sender) == [("quarantined", "proof_wrong")]
    assert [incident.urgency for incident in sender.incidents()] == [Urgency.LOW]


def test_an_unsigned_confirmation_is_not_followed(sender: Sender, fake: FakeSns, engine: MovedEngine) -> None:
    body = fake.signed("SubscriptionConfirmation")
    del body["Signature"]

    sender.post(as_bytes(body), TEXT)
    engine.run()

    assert fake.asked == []
    assert _statuses(sender) == [("quarantined", "proof_wrong")]


def test_a_signed_confirmation_that_leads_elsewhere_is_not_followed(
    sender: Sender, fake: FakeSns, engine: MovedEngine
) -> None:
    with amazon.running() as other:
        elsewhere = fake.signed("SubscriptionConfirmation", SubscribeURL=f"{other.url}/?Action=ConfirmSubscription")
        sender.post(as_bytes(elsewhere), TEXT)
        engine.run()

        assert (other.asked, fake.confirmed) == ([], [])
    assert _statuses(sender) == [("quarantined", "proof_wrong")]


def test_the_end_of_a_subscription_is_shown_and_nothing_is_called(
    sender: Sender, fake: FakeSns, engine: MovedEngine
) -> None:
    sender.post(as_bytes(fake.signed("UnsubscribeConfirmation")), TEXT)
    engine.run()

    assert fake.asked == []
    assert _statuses(sender) == [("ignored", "unsubscribe_confirmation")]
    assert "no longer sends here" in sender.events()[0].problem


def test_a_notification_is_read_at_once_though_its_certificate_is_not_at_hand(
    sender: Sender, fake: FakeSns, engine: MovedEngine
) -> None:
    sender.post(as_bytes(fake.signed()), TEXT)
    engine.run()

    assert [alert.title for alert in sender.alerts()] == ["Backup failed"]
    assert sender.events()[0].marks == ["signature_unchecked"]


def test_on_first_contact_nothing_is_lost_and_what_comes_next_is_checked(
    sender: Sender, fake: FakeSns, engine: MovedEngine
) -> None:
    fake.answers = [503]
    sender.post(as_bytes(fake.signed()), TEXT)
    engine.fast_forward(seconds=30)

    sender.post(as_bytes({**fake.signed(), "Message": "Forged"}), TEXT)
    engine.run()

    assert [alert.title for alert in sender.alerts()] == ["Backup failed"]
    assert _statuses(sender) == [("processed", ""), ("quarantined", "proof_wrong")]
    assert fake.asked == ["/SimpleNotificationService-1.pem"] * 2
    assert not Errand.objects.exists()


def test_what_was_forged_on_first_contact_is_told_of_when_it_is_seen(
    sender: Sender, fake: FakeSns, engine: MovedEngine
) -> None:
    sender.post(as_bytes({**fake.signed(), "Message": "Forged"}), TEXT)
    engine.run()

    (event,) = sender.events()
    assert (event.status, event.marks) == ("processed", ["signature_unchecked", "signature_wrong"])
    assert "Its signature is not Amazon's. It was read all the same" in event.problem
    assert [each.title for each in sender.incidents() if each.urgency == Urgency.LOW] == [
        "Messages for aws do not prove whose they are"
    ]


def test_while_amazon_is_away_messages_are_read_and_nobody_is_bothered(
    sender: Sender, fake: FakeSns, engine: MovedEngine
) -> None:
    fake.answers = [503] * 100

    for number in range(3):
        sender.post(as_bytes(fake.signed(Message=f"Number {number}", MessageId=f"id-{number}")), TEXT)
    engine.fast_forward(hours=3)

    assert [alert.title for alert in sender.alerts()] == ["Number 0", "Number 1", "Number 2"]
    assert {each.title for each in sender.incidents()} == {"Number 0", "Number 1", "Number 2"}
    assert not Errand.objects.exists()


def test_a_forged_notification_is_not_believed_where_its_certificate_is_known(
    sender: Sender, fake: FakeSns, engine: MovedEngine
) -> None:
    sender.post(as_bytes(fake.signed("SubscriptionConfirmation")), TEXT)
    engine.run()

    sender.post(as_bytes(fake.signed(Message="Backup worked", Subject="Backup")), TEXT)
    sender.post(as_bytes({**fake.signed(), "Message": "Forged"}), TEXT)
    engine.run()

    assert [alert.title for alert in sender.alerts()] == ["Backup: Backup worked"]
    assert _statuses(sender)[1:] == [("processed", ""), ("quarantined", "proof_wrong")]


def test_a_certificate_that_lies_elsewhere_is_neither_fetched_nor_believed(
    sender: Sender, fake: FakeSns, engine: MovedEngine
) -> None:
    with amazon.running() as other:
        sender.post(as_bytes(fake.signed(certificate_url=f"{other.url}/SimpleNotificationService-1.pem")), TEXT)
        engine.run()

        assert other.asked == []
    assert _statuses(sender) == [("quarantined", "proof_wrong")]


def test_one_topic_alone_is_believed_where_the_secret_names_it(
    strict: Sender, fake: FakeSns, engine: MovedEngine
) -> None:
    strict.post(as_bytes(fake.signed()), TEXT)
    strict.post(as_bytes(fake.signed(TopicArn="arn:aws:sns:eu-central-1:000000000000:other")), TEXT)
    strict.post(b'{"AlarmName": "raw", "NewStateValue": "ALARM"}', TEXT)
    engine.run()

    assert _statuses(strict) == [("processed", ""), ("quarantined", "proof_wrong"), ("quarantined", "proof_missing")]
    assert [alert.title for alert in strict.alerts()] == ["Backup failed"]


def test_messages_wait_for_their_certificate_and_are_read_in_order(
    strict: Sender, fake: FakeSns, engine: MovedEngine
) -> None:
    fake.answers = [503, 503, 503, 503, 503]

    for number in range(3):
        strict.post(as_bytes(fake.signed(Message=f"Number {number}", MessageId=f"id-{number}")), TEXT)
    engine.run()
    waiting = _statuses(strict)
    engine.fast_forward(minutes=2)

    assert waiting == [("quarantined", "certificate_missing")] * 3
    assert [alert.title for alert in strict.alerts()] == ["Number 0", "Number 1", "Number 2"]
    assert [each.title for each in strict.incidents()][:1] == ["aws sent something that could not be read"]
    assert not Errand.objects.exists()


def test_what_waited_is_read_again_by_one_statement(
    strict: Sender, fake: FakeSns, engine: MovedEngine, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    fake.answers = [503] * 3
    for number in range(20):
        strict.post(as_bytes(fake.signed(MessageId=f"id-{number}")), TEXT)
    engine.run()

    with django_assert_num_queries(1):
        waiting = quarantine.replay_waiting(strict.integration, reason="certificate_missing")

    assert waiting == 20


def test_a_certificate_that_is_not_there_is_no_proof(strict: Sender, fake: FakeSns, engine: MovedEngine) -> None:
    strict.post(as_bytes(fake.signed(certificate_url=f"{fake.url}/none.pem")), TEXT)
    engine.run()

    assert _statuses(strict) == [("quarantined", "proof_wrong")]
    assert SigningCertificate.objects.get().pem == ""
    assert fake.asked == ["/none.pem"]


@pytest.mark.parametrize(
    "url",
    [
        PEM_URL,
        "https://sns.us-gov-west-1.amazonaws.com/SimpleNotificationService-0a.pem",
        "https://sns.cn-north-1.amazonaws.com.cn/SimpleNotificationService-0a.pem",
        "https://sns.amazonaws.com/SimpleNotificationService-0a.pem",
    ],
)
def test_certificates_come_from_amazons_hosts(url: str) -> None:
    sns.check_certificate_url(url, base="")


@pytest.mark.parametrize(
    "url",
    [
        "http://sns.eu-central-1.amazonaws.com/x.pem",
        "https://sns.eu-central-1.amazonaws.com.evil.example/x.pem",
        "https://evil.example/sns.eu-central-1.amazonaws.com/x.pem",
        "https://sns.eu-central-1.amazonaws.com@evil.example/x.pem",
        "https://sns.eu-central-1.amazonaws.com:8443/x.pem",
        "https://s3.eu-central-1.amazonaws.com/bucket.pem",
        "https://sns.x.y.amazonaws.com/x.pem",
        "https://sns.eu-central-1.amazonaws.com/a/b.pem",
        "https://sns.eu-central-1.amazonaws.com/x.pem?y",
        "https://sns.eu-central-1.amazonaws.com/x.pem\n",
        "https://sns.eu-central-1.amazonaws.com/x",
        "https://sns.eu-central-1.amazonaws.com/" + "x" * 600 + ".pem",
        "",
    ],
)
def test_certificates_come_from_nowhere_else(url: str) -> None:
    with pytest.raises(sns.NotAmazons):
        sns.check_certificate_url(url, base="")


@pytest.mark.parametrize(
    "url",
    [
        "https://sns.eu-central-1.amazonaws.com.evil.example/?Action=ConfirmSubscription",
        "https://evil.example/?Action=ConfirmSubscription",
        "https://sns.eu-central-1.amazonaws.com\\@evil.example/",
        "http://169.254.169.254/latest/meta-data/",
        "file:///etc/passwd",
    ],
)
def test_confirmations_go_nowhere_else(url: str) -> None:
    with pytest.raises(sns.NotAmazons):
        sns.check_subscribe_url(url, base="")


def test_a_certificate_counts_only_while_it_is_valid() -> None:
    message = sns.envelope(Received(as_bytes(FakeSns().signed()), AT))
    assert message is not None

    sns.check_signature(message, amazon.certificate(), at=AT)
    with pytest.raises(sns.NotAmazons, match="not valid when it came"):
        sns.check_signature(message, amazon.certificate(until=datetime(2026, 1, 1, tzinfo=UTC)), at=AT)


@pytest.mark.parametrize("pem", ["", "no certificate", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"])
def test_what_is_no_certificate_proves_nothing(pem: str) -> None:
    message = sns.envelope(Received(as_bytes(FakeSns().signed()), AT))
    assert message is not None

    with pytest.raises(sns.NotAmazons):
        sns.check_signature(message, pem, at=AT)


def test_the_secret_of_a_topic_is_its_arn(db: None) -> None:
    keys.sealed_secret("aws_cloudwatch_sns", TOPIC)

    with pytest.raises(Invalid, match="ARN of the topic"):
        keys.sealed_secret("aws_cloudwatch_sns", "correct horse battery")
