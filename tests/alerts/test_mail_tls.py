"""Mail over TLS: as senders do it with smtplib, and with a certificate that is replaced while it runs."""

import smtplib
import socket
import ssl
from collections.abc import Callable, Iterator
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from alerts.mail.certificates import BadCertificate, Certificate, Tls, ends_at
from alerts.mail.postbox import MOST_AT_ONCE, Postbox
from alerts.receiving.door import LARGEST_KEPT
from tests.alerts.doorstep import Doorstep, Sender, a_sender
from tests.certificates import UNTIL, Files
from tests.factories import a_service


@pytest.fixture
def files(tmp_path: Path) -> Files:
    files = Files(tmp_path / "chain.pem", tmp_path / "key.pem")
    files.write()
    return files


Listening = Callable[..., int]


@pytest.fixture
def listening(doorstep: Doorstep, files: Files) -> Iterator[Listening]:
    """Opens a listener; its port."""
    opened: list[Postbox] = []

    async def opening(tls: Tls, certificate: Certificate, patience: float) -> int:
        postbox = Postbox("127.0.0.1", 0, certificate=certificate, tls=tls, patience=patience)
        opened.append(postbox)
        return await postbox.open()

    def listen(tls: Tls = Tls.OFFERED, *, certificate: Certificate | None = None, patience: float = 60.0) -> int:
        return doorstep.run(opening(tls, certificate or Certificate(*files), patience))

    yield listen
    for each in opened:
        doorstep.run(each.close())


@pytest.fixture
def sender(doorstep: Doorstep) -> Sender:
    return a_sender(doorstep, "email", service=a_service("checkout"), name="nas")


def _send(smtp: smtplib.SMTP, sender: Sender) -> None:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "root@nas-1.example.com", f"{sender.key}@x.example", "Disk full"
    mail.set_content("97 %")
    smtp.send_message(mail)


def test_mail_is_taken_after_starttls(listening: Listening, sender: Sender, files: Files) -> None:
    with smtplib.SMTP("localhost", listening(), timeout=10) as smtp:
        smtp.starttls(context=files.trusted())
        _send(smtp, sender)
        version = smtp.sock.version()  # type: ignore[union-attr]  # it is a socket of TLS by now

    assert len(sender.events()) == 1
    assert version in {"TLSv1.2", "TLSv1.3"}


def test_several_mails_go_over_one_conversation(listening: Listening, sender: Sender, files: Files) -> None:
    with smtplib.SMTP("localhost", listening(), timeout=10) as smtp:
        smtp.starttls(context=files.trusted())
        for _ in range(3):
            _send(smtp, sender)

    assert len(sender.events()) == 3


def test_where_tls_is_offered_it_may_be_left_out(listening: Listening, sender: Sender) -> None:
    with smtplib.SMTP("127.0.0.1", listening(Tls.OFFERED), timeout=10) as smtp:
        _send(smtp, sender)

    assert len(sender.events()) == 1


def test_where_tls_is_required_nothing_is_taken_in_the_clear(
    listening: Listening, sender: Sender, files: Files
) -> None:
    port = listening(Tls.REQUIRED)

    with smtplib.SMTP("127.0.0.1", port, timeout=10) as smtp, pytest.raises(smtplib.SMTPSenderRefused) as refused:
        _send(smtp, sender)
    assert refused.value.smtp_code == 530
    with smtplib.SMTP("localhost", port, timeout=10) as smtp:
        smtp.starttls(context=files.trusted())
        _send(smtp, sender)

    assert len(sender.events()) == 1


def test_tls_from_the_first_byte(listening: Listening, sender: Sender, files: Files) -> None:
    with smtplib.SMTP_SSL("localhost", listening(Tls.IMPLICIT), timeout=10, context=files.trusted()) as smtp:
        _send(smtp, sender)

    assert len(sender.events()) == 1


def _said(lines: Any, command: bytes) -> bytes:
    """The last line of the answer."""
    lines.write(command + b"\r\n")
    line = b"250-"
    while line[3:4] == b"-":
        line = lines.readline()
    return line


def test_what_is_said_before_tls_begins_counts_for_nothing(listening: Listening, sender: Sender, files: Files) -> None:
    port = listening()

    with socket.create_connection(("localhost", port), timeout=10) as plain:
        lines = plain.makefile("rwb", buffering=0)
        lines.readline()
        # Somebody on the way puts a command behind the one that begins TLS.
        _said(lines, b"EHLO x")
        _said(lines, b"STARTTLS\r\nMAIL FROM:<evil@example.com>")
        with files.trusted().wrap_socket(plain, server_hostname="localhost") as secured:
            lines = secured.makefile("rwb", buffering=0)
            _said(lines, b"EHLO x")
            to_somebody = _said(lines, b"RCPT TO:<" + sender.key.encode() + b"@x.example>")

    assert to_somebody.startswith(b"503")
    assert sender.events() == []


def test_a_renewed_certificate_is_shown_to_the_next_sender(listening: Listening, files: Files) -> None:
    certificate = Certificate(*files)
    port = listening(certificate=certificate)

    def shown() -> bytes:
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        with smtplib.SMTP("127.0.0.1", port, timeout=10) as smtp:
            smtp.starttls(context=context)
            return smtp.sock.getpeercert(binary_form=True) or b""  # type: ignore[union-attr]

    before = shown()
    unchanged = certificate.renew()
    files.write(name="renewed.example.com")
    renewed = certificate.renew()

    assert (unchanged, renewed) == (False, True)
    assert before != shown()


def test_a_half_written_certificate_leaves_the_one_in_use(listening: Listening, files: Files) -> None:
    certificate = Certificate(*files)
    port, trusted = listening(certificate=certificate), files.trusted()

    files.chain.write_text("-----BEGIN CERTIFICATE-----\n")

    assert not certificate.renew()
    with smtplib.SMTP("localhost", port, timeout=10) as smtp:
        assert smtp.starttls(context=trusted)[0] == 220


def test_conversations_over_tls_are_counted_once(listening: Listening, files: Files) -> None:
    port, trusted = listening(), files.trusted()

    for _ in range(MOST_AT_ONCE + 5):
        with smtplib.SMTP("localhost", port, timeout=10) as smtp:
            smtp.starttls(context=trusted)

    with smtplib.SMTP("localhost", port, timeout=10) as smtp:
        assert smtp.noop()[0] == 250


def test_who_never_begins_the_handshake_holds_no_place(listening: Listening) -> None:
    port = listening(patience=0.3)

    silent = [smtplib.SMTP("127.0.0.1", port, timeout=10) for _ in range(MOST_AT_ONCE)]
    for smtp in silent:
        smtp.docmd("STARTTLS")
    for smtp in silent:
        assert smtp.sock is not None
        assert smtp.sock.recv(1) == b""
        smtp.close()

    with smtplib.SMTP("127.0.0.1", port, timeout=10) as smtp:
        assert smtp.noop()[0] == 250


def test_the_greatest_size_is_said_beforehand(listening: Listening) -> None:
    with smtplib.SMTP("127.0.0.1", listening(), timeout=10) as smtp:
        smtp.ehlo()

        assert smtp.esmtp_features["size"] == str(LARGEST_KEPT)


def test_who_says_nothing_is_left(listening: Listening) -> None:
    with socket.create_connection(("127.0.0.1", listening(patience=0.2)), timeout=10) as silent:
        greeting = silent.recv(4096)
        end = silent.recv(4096)

    assert (greeting[:3], end) == (b"220", b"")


def test_who_sends_no_handshake_holds_no_place(listening: Listening) -> None:
    port = listening(Tls.IMPLICIT)
    with socket.create_connection(("127.0.0.1", port), timeout=20) as silent:
        assert silent.recv(1) == b""


@pytest.mark.parametrize("text", ["", "no certificate"])
def test_what_is_no_certificate_is_refused_with_a_sentence(files: Files, text: str) -> None:
    files.chain.write_text(text)

    with pytest.raises(BadCertificate, match="cannot be used"):
        Certificate(*files)
    with pytest.raises(BadCertificate, match="There is no certificate"):
        ends_at(files.chain)


def test_a_key_of_another_certificate_is_refused(files: Files, tmp_path: Path) -> None:
    other = Files(tmp_path / "other.pem", tmp_path / "other.key")
    other.write()

    with pytest.raises(BadCertificate, match="key values mismatch"):
        Certificate(files.chain, other.key)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadCertificate, match=r"none\.pem cannot be read: No such file"):
        Certificate(tmp_path / "none.pem")


def test_chain_and_key_may_stand_in_one_file(files: Files) -> None:
    files.chain.write_bytes(files.chain.read_bytes() + files.key.read_bytes())

    assert Certificate(files.chain).context.minimum_version is ssl.TLSVersion.TLSv1_2
    assert ends_at(files.chain) == UNTIL
