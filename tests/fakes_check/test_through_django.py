"""The fakes reach views through Django's test client as they do over a socket: same bytes, CSRF, cookies."""

import smtplib
from urllib.parse import parse_qs

import pytest
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import get_token
from django.test import override_settings
from django.urls import path
from django.views.decorators.csrf import csrf_exempt
from slack_sdk.signature import SignatureVerifier

from tests.fakes import Carriers, through_django
from tests.fakes_check.product import PUBLIC_URL
from tests.fakes_check.test_mail import page

ADA = "ada@example.com"
pressed: list[str] = []


def confirm(request: HttpRequest) -> HttpResponse:
    if request.method == "POST":
        pressed.append(request.POST["move"])
        return HttpResponse("Done.")
    field = f'<input type="hidden" name="csrfmiddlewaretoken" value="{get_token(request)}">'
    button = '<button name="move" value="acknowledge">Acknowledge</button>'
    return HttpResponse(f'<form method="post">{field}{button}</form>')


@csrf_exempt
def events(request: HttpRequest) -> HttpResponse:
    genuine = SignatureVerifier("fake-signing-secret").is_valid_request(request.body, dict(request.headers.items()))
    return HttpResponse(status=200 if genuine else 403)


@csrf_exempt
def sms(request: HttpRequest) -> HttpResponse:
    said = parse_qs(request.body.decode())["Body"][0]
    return HttpResponse(f"<Response><Message>You said {said}.</Message></Response>", content_type="text/xml")


urlpatterns = [path("old/", confirm), path("slack/events/", events), path("twilio/sms/", sms)]


@pytest.fixture(autouse=True)
def _views(carriers: Carriers) -> object:
    pressed.clear()
    carriers.point_at("http://testserver", PUBLIC_URL, call=through_django.call)
    middleware = ["django.middleware.csrf.CsrfViewMiddleware"]
    with override_settings(ROOT_URLCONF=__name__, MIDDLEWARE=middleware, ALLOWED_HOSTS=["testserver"]):
        yield


def test_a_link_is_followed_with_its_csrf_token(carriers: Carriers) -> None:
    with smtplib.SMTP("127.0.0.1", int(carriers.environment["EMAIL_URL"].rpartition(":")[2])) as smtp:
        smtp.send_message(page())

    answer = carriers.mail.to(ADA).follow("Acknowledge")

    assert (answer.status, answer.text) == (200, "Done.")
    assert pressed == ["acknowledge"]


def test_signed_bytes_arrive_as_they_were_sent(carriers: Carriers) -> None:
    assert carriers.slack.event({"type": "app_home_opened"}).status == 200
    assert carriers.slack.event({"type": "app_home_opened"}, secret="wrong").status == 403


def test_a_reply_gets_its_answer(carriers: Carriers) -> None:
    carriers.sms.to("+12025550101").reply("1")

    assert carriers.sms.to("+12025550101").texts == ["You said 1."]
