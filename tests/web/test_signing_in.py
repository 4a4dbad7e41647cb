"""Signing in: limits that hold, no telling who exists, no leading astray."""

from datetime import timedelta

import pytest
from django.test import Client, override_settings
from pytest_django import Settings

from accounts.models import SignInAttempt, User
from core import clock
from tests.web.conftest import SignIn
from web import sessions, sign_in_limits

PASSWORD = "correct horse battery staple"


@pytest.fixture(autouse=True)
def _quick_passwords(settings: Settings) -> None:
    """The real hash takes its time on purpose; here it is computed a hundred times."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def emi(db: None) -> User:
    """Somebody with a password."""
    return User.objects.create_user("emi", PASSWORD, email="emi@example.com")


def attempt(username: str = "emi", password: str = PASSWORD, *, address: str = "198.51.100.7", **extra: str) -> int:
    """Try to sign in from this address; the answer's status."""
    response = Client().post(
        "/sign-in/", {"username": username, "password": password}, REMOTE_ADDR=address, headers=extra
    )
    return response.status_code


def test_right_name_and_password_lead_to_the_incidents(emi: User) -> None:
    browser = Client()

    answer = browser.post("/sign-in/", {"username": "emi", "password": PASSWORD})

    assert answer.headers["Location"] == "/"
    assert browser.get("/").status_code == 200


def test_the_session_gets_a_new_key_when_she_signs_in(emi: User) -> None:
    browser = Client()
    browser.session.save()
    before = browser.session.session_key

    browser.post("/sign-in/", {"username": "emi", "password": PASSWORD})

    assert browser.session.session_key != before


def test_a_wrong_password_and_an_unknown_name_get_the_same_answer(emi: User) -> None:
    wrong = Client().post("/sign-in/", {"username": "emi", "password": "wrong"})
    unknown = Client().post("/sign-in/", {"username": "nobody", "password": "wrong"})

    assert wrong.status_code == unknown.status_code == 422
    assert b"Check the name and the password" in wrong.content
    assert wrong.content.count(b"That did not work") == unknown.content.count(b"That did not work") == 1


def test_who_is_not_active_cannot_sign_in(emi: User) -> None:
    User.objects.filter(pk=emi.pk).update(is_active=False)

    assert attempt() == 422


def test_after_five_failures_even_the_right_password_is_refused(emi: User) -> None:
    for _ in range(sign_in_limits.PER_ACCOUNT_AND_ADDRESS):
        attempt(password="wrong")

    assert attempt() == 422


def test_an_account_nobody_has_is_limited_alike(emi: User) -> None:
    for _ in range(sign_in_limits.PER_ACCOUNT_AND_ADDRESS):
        attempt("nobody", "wrong")

    refused = Client().post("/sign-in/", {"username": "nobody", "password": "x"}, REMOTE_ADDR="198.51.100.7")

    assert b"Too many attempts" in refused.content


def test_a_stranger_who_guesses_elsewhere_does_not_lock_her_out(emi: User) -> None:
    for _ in range(10):
        attempt(password="wrong", address="203.0.113.9")

    assert attempt(address="198.51.100.7") == 302


def test_one_address_cannot_try_many_accounts(emi: User) -> None:
    for number in range(sign_in_limits.PER_ADDRESS):
        attempt(f"guess{number}", "wrong")

    assert attempt() == 422


def test_a_made_up_forwarding_header_gains_nothing(emi: User) -> None:
    for number in range(sign_in_limits.PER_ACCOUNT_AND_ADDRESS):
        attempt(password="wrong", x_forwarded_for=f"192.0.2.{number}")

    assert attempt(x_forwarded_for="192.0.2.200") == 422


@override_settings(TRUSTED_PROXIES=1)
def test_behind_one_proxy_the_address_it_saw_counts(emi: User) -> None:
    for _ in range(sign_in_limits.PER_ACCOUNT_AND_ADDRESS):
        attempt(password="wrong", address="127.0.0.1", x_forwarded_for="10.9.9.9, 192.0.2.1")

    assert attempt(address="127.0.0.1", x_forwarded_for="10.9.9.9, 192.0.2.1") == 422
    assert attempt(address="127.0.0.1", x_forwarded_for="192.0.2.1, 192.0.2.2") == 302


def test_the_limit_ends_after_a_quarter_of_an_hour(emi: User) -> None:
    for _ in range(sign_in_limits.PER_ACCOUNT_AND_ADDRESS):
        attempt(password="wrong")

    clock.move(sign_in_limits.WINDOW + timedelta(seconds=1))

    assert attempt() == 302


def test_successes_do_not_count(emi: User) -> None:
    for _ in range(sign_in_limits.PER_ACCOUNT_AND_ADDRESS + 2):
        assert attempt() == 302

    assert not SignInAttempt.objects.exists()


@pytest.mark.parametrize(
    "wanted",
    [
        "https://evil.example/",
        "//evil.example/",
        "///evil.example",
        r"\\evil.example",
        "/\\evil.example",
        "javascript:alert(1)",
        "http:evil.example",
        "evil.example",
        "/\n/evil.example",
        "\t//evil.example",
    ],
)
def test_nobody_is_led_elsewhere(emi: User, wanted: str) -> None:
    answer = Client().post("/sign-in/", {"username": "emi", "password": PASSWORD, "next": wanted})

    assert answer.headers["Location"] == "/"


def test_she_comes_back_to_the_page_she_asked_for(emi: User) -> None:
    browser = Client()
    sent_away = browser.get("/on-call/?x=1")

    form = browser.get(sent_away.headers["Location"])
    answer = browser.post("/sign-in/", {"username": "emi", "password": PASSWORD, "next": "/on-call/?x=1"})

    assert b'value="/on-call/?x=1"' in form.content
    assert answer.headers["Location"] == "/on-call/?x=1"


def test_signing_out_ends_the_session(browser: Client) -> None:
    browser.post("/sign-out/")

    assert browser.get("/").status_code == 302


def test_signing_out_everywhere_keeps_only_this_browser(signed_in: SignIn, emi: User, ada: User) -> None:
    here, phone, of_ada = signed_in(emi), signed_in(emi), signed_in(ada)

    here.post("/me/sign-out-everywhere/")

    assert here.get("/").status_code == 200
    assert phone.get("/").status_code == 302
    assert of_ada.get("/").status_code == 200
    assert sessions.end_all(emi) == 1


def test_old_attempts_are_forgotten(emi: User) -> None:
    attempt(password="wrong")
    clock.move(timedelta(hours=2))

    assert sign_in_limits.forget_old() == 1
