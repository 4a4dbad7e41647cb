"""What Twilio posts to us: replies by text message, reports about messages, calls. Signed over our public address."""

from collections.abc import Callable

from django.conf import settings
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST
from twilio.request_validator import RequestValidator
from twilio.twiml.messaging_response import MessagingResponse
from twilio.twiml.voice_response import VoiceResponse

from notifications import receipts, seen, sms_replies


def _from_twilio(view: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Lets in what our Twilio account has signed."""

    @csrf_exempt  # Twilio's signature stands in for the cookie it cannot have
    @require_POST
    def checked(request: HttpRequest) -> HttpResponse:
        if not _is_signed(request):
            text = "The signature does not fit. Check TWILIO_AUTH_TOKEN, and that PUBLIC_URL is what Twilio calls."
            return HttpResponse(text, status=403, content_type="text/plain; charset=utf-8")
        with transaction.atomic():
            return view(request)

    return checked


@_from_twilio
def sms(request: HttpRequest) -> HttpResponse:
    """Somebody texted us. The same message posted again changes nothing and is not answered again."""
    answer = MessagingResponse()
    if seen.is_new("twilio-sms", request.POST.get("MessageSid", "")):
        text = sms_replies.answer_to(request.POST.get("From", ""), request.POST.get("Body", ""))
        if text:
            answer.message(text)
    return _xml(str(answer))


@_from_twilio
def status(request: HttpRequest) -> HttpResponse:
    """A report about a message. The same status of the same message again changes nothing."""
    delivery = request.GET.get("delivery", "")
    code = request.POST.get("ErrorCode", "")
    receipts.record(
        provider_ref=request.POST.get("MessageSid", "")[:200],
        status=request.POST.get("MessageStatus", ""),
        code=int(code) if _is_number(code) else None,
        delivery_id=int(delivery) if _is_number(delivery) else None,
    )
    return HttpResponse()


@_from_twilio
def voice(request: HttpRequest) -> HttpResponse:
    """Somebody called the number that texts."""
    answer = VoiceResponse()
    answer.say("This number belongs to Tocsin. It sends text messages. Please answer those by text. Goodbye.")
    answer.hangup()
    return _xml(str(answer))


def _is_signed(request: HttpRequest) -> bool:
    token, signature = settings.TWILIO_AUTH_TOKEN, request.headers.get("X-Twilio-Signature", "")
    if not token or not signature:
        return False
    # As Twilio was told it, whatever host and scheme a proxy in between made of it.
    url = settings.PUBLIC_URL + request.get_full_path()
    if request.POST.get("AccountSid", settings.TWILIO_ACCOUNT_SID) != settings.TWILIO_ACCOUNT_SID:
        return False
    return bool(RequestValidator(token).validate(url, request.POST, signature))


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 18


def _xml(text: str) -> HttpResponse:
    return HttpResponse(text, content_type="text/xml; charset=utf-8")
