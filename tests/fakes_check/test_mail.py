"""The fake mail exchanger, spoken to by smtplib."""

import smtplib
import threading
from collections.abc import Iterator
from email.message import EmailMessage

import pytest

from tests.fakes import Carriers, CloseBeforeAnswer, Hang, RateLimited, ResetAfterAccepting, SmtpReply
from tests.fakes.waiting import wait_for
from tests.fakes_check.product import PUBLIC_URL, Product

ADA = "ada@example.com"


def page(to: str = ADA) -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "tocsin@example.com", to, "Replica lag – db"
    message["Message-ID"] = "<d1@tocsin.example>"
    message.set_content(f"Replica lag\n\nAcknowledge:\n{PUBLIC_URL}/old/\nOpen: {PUBLIC_URL}/page/.\n")
    message.add_alternative(f'<p>Replica lag</p><a href="{PUBLIC_URL}/old/"><b>Acknowledge</b> it</a>', subtype="html")
    return message


@pytest.fixture
def smtp(carriers: Carriers) -> Iterator[smtplib.SMTP]:
    with smtplib.SMTP("127.0.0.1", int(carriers.environment["EMAIL_URL"].rpartition(":")[2]), timeout=5) as client:
        yield client
        client.close()


def test_a_mail_is_kept_as_its_reader_sees_it(carriers: Carriers, smtp: smtplib.SMTP) -> None:
    smtp.login("anyone", "any password")
    smtp.send_message(page())

    mail = carriers.mail.to("Ada@Example.com").latest
    assert mail.subject == "Replica lag – db"
    assert mail.text.startswith("Replica lag")
    assert "<b>Acknowledge</b>" in mail.html
    assert mail.message_id == "<d1@tocsin.example>"
    assert [(link.text, link.url) for link in mail.links] == [
        ("Acknowledge it", f"{PUBLIC_URL}/old/"),
        ("Open:", f"{PUBLIC_URL}/page/"),
    ]
    assert [(entry.reference, entry.accepted) for entry in carriers.ledger.pages] == [("<d1@tocsin.example>", True)]


def test_following_a_link_presses_the_button_of_its_page(
    carriers: Carriers, smtp: smtplib.SMTP, product: Product
) -> None:
    smtp.send_message(page())

    answer = carriers.mail.to(ADA).follow("Acknowledge")

    assert answer.status == 200
    assert product.told("/take/") == [{"csrfmiddlewaretoken": "c1", "move": "acknowledge"}]


def test_a_link_scanner_presses_nothing(carriers: Carriers, smtp: smtplib.SMTP, product: Product) -> None:
    smtp.send_message(page())

    statuses = [answer.status for answer in carriers.mail.to(ADA).prefetch()]

    assert statuses == [200, 200]
    assert product.visits == ["/old/", "/page/", "/page/"]
    assert product.told("/take/") == []


def test_a_link_that_is_not_there_names_those_that_are(carriers: Carriers, smtp: smtplib.SMTP) -> None:
    smtp.send_message(page())

    with pytest.raises(LookupError, match="Acknowledge it"):
        carriers.mail.to(ADA).follow("Silence")


@pytest.mark.parametrize("stage", ["mail", "rcpt", "data"])
@pytest.mark.parametrize("code", [451, 550])
def test_a_refusal_comes_at_its_stage(carriers: Carriers, smtp: smtplib.SMTP, stage: str, code: int) -> None:
    carriers.mail.fail(SmtpReply(code, "no", stage=stage))

    with pytest.raises((smtplib.SMTPResponseException, smtplib.SMTPRecipientsRefused)) as refusal:
        smtp.send_message(page())
    smtp.send_message(page())

    assert str(code) in str(refusal.value)
    assert len(carriers.mail.to(ADA).messages) == 1


def test_greylisting_can_be_for_one_person(carriers: Carriers, smtp: smtplib.SMTP) -> None:
    carriers.mail.fail(SmtpReply(451), to=ADA, next=1)

    refused = smtp.send_message(page(f"{ADA}, ben@example.com"))

    assert list(refused) == [ADA]
    assert len(carriers.mail.to("ben@example.com").messages) == 1


def test_a_busy_server_refuses_to_talk(carriers: Carriers) -> None:
    carriers.mail.fail(SmtpReply(421, "4.3.2 Not now", stage="connect"))

    with pytest.raises(smtplib.SMTPConnectError, match="421"):
        smtplib.SMTP("127.0.0.1", int(carriers.environment["EMAIL_URL"].rpartition(":")[2]), timeout=5)


@pytest.mark.parametrize(
    ("fault", "kept"), [(ResetAfterAccepting(), 1), (CloseBeforeAnswer(), 0), (CloseBeforeAnswer(carried_out=True), 1)]
)
def test_a_connection_lost_after_data_leaves_the_sender_in_doubt(
    carriers: Carriers, smtp: smtplib.SMTP, fault: ResetAfterAccepting, kept: int
) -> None:
    carriers.mail.fail(fault)

    with pytest.raises((smtplib.SMTPServerDisconnected, ConnectionResetError)):
        smtp.send_message(page())

    assert len(carriers.mail.to(ADA).messages) == kept


def test_too_many_mails_end_the_connection(carriers: Carriers, smtp: smtplib.SMTP) -> None:
    carriers.mail.fail(RateLimited())

    with pytest.raises(smtplib.SMTPDataError, match="421"):
        smtp.send_message(page())


def test_a_server_that_hangs_after_data_can_be_released(carriers: Carriers, smtp: smtplib.SMTP) -> None:
    carriers.mail.fail(Hang(carried_out=True))
    sender = threading.Thread(target=smtp.send_message, args=(page(),))

    sender.start()
    wait_for(lambda: carriers.ledger.entries, what="the mail to arrive")
    assert sender.is_alive()
    carriers.mail.release()
    sender.join(5)

    assert not sender.is_alive()
    assert len(carriers.mail.to(ADA).messages) == 1
