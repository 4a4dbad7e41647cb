"""What EMAIL_URL may say, and what it means."""

import pytest

from config.mail import MailServer, read


@pytest.mark.parametrize(
    ("url", "server"),
    [
        ("smtp://relay", MailServer("relay", 25, "", "", starts_tls=False, is_tls=False)),
        ("smtp://u:p@127.0.0.1:2525", MailServer("127.0.0.1", 2525, "u", "p", starts_tls=False, is_tls=False)),
        ("smtp://u:p@[::1]", MailServer("::1", 25, "u", "p", starts_tls=False, is_tls=False)),
        ("smtp+tls://u%40x:p%2Fq@mx", MailServer("mx", 587, "u@x", "p/q", starts_tls=True, is_tls=False)),
        ("smtps://u:p@mx:4465", MailServer("mx", 4465, "u", "p", starts_tls=False, is_tls=True)),
    ],
)
def test_a_mail_server_is_read(url: str, server: MailServer) -> None:
    assert read(url) == server


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("smtp://user:secret@mail.example.com:587", "in the clear"),
        ("tls://user:secret@mail.example.com", "does not name a mail server"),
        ("mail.example.com:587", "does not name a mail server"),
        ("smtps://", "does not name a mail server"),
        ("smtps://user:sec/ret@mail.example.com", "is not an address"),
    ],
)
def test_what_would_not_work_or_tell_the_password_is_refused(url: str, said: str) -> None:
    with pytest.raises(SystemExit) as refusal:
        read(url)

    assert said in str(refusal.value)
    assert "sec" not in str(refusal.value)
