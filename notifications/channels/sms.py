"""Text messages by Twilio. A receipt within 90 seconds decides, not Twilio's acceptance."""

from datetime import timedelta
from functools import lru_cache
from typing import Any

from django.conf import settings
from twilio.base.exceptions import TwilioException, TwilioRestException
from twilio.http import HttpClient
from twilio.http.response import Response
from twilio.rest import Client

from core import outgoing as http
from notifications import messages, twilio_codes
from notifications.channel import (
    Accepted,
    Limit,
    OutcomeUnknown,
    Outgoing,
    TemporaryFailure,
    seconds_after,
    server_trouble,
)

_THEIRS = "https://api.twilio.com"
_VALID_FOR = 600  # seconds; what the carrier cannot deliver by then is not delivered at dawn
_NO_SUCH_CALLBACK = 21609


class SmsChannel:
    """One text per page; the address is a telephone number in E.164."""

    slug = "sms"
    label = "SMS"
    receipt_within: timedelta | None = timedelta(seconds=90)
    updates_in_place = False
    can_find = True
    ends_within = timedelta(seconds=http.TOTAL)
    limits = (Limit(5, timedelta(minutes=15)), Limit(11, timedelta(hours=1)), Limit(21, timedelta(hours=3)))

    def is_configured(self) -> bool:
        return bool(settings.TWILIO_ACCOUNT_SID and settings.TWILIO_AUTH_TOKEN and settings.TWILIO_FROM)

    def send(self, outgoing: Outgoing) -> Accepted:
        """Hand the text to Twilio, which calls back with what became of it."""
        fields = {
            "to": outgoing.address,
            "from_": settings.TWILIO_FROM,
            "body": messages.sms(outgoing.message),
            "validity_period": _VALID_FOR,
        }
        callback = f"{settings.PUBLIC_URL}/twilio/status/?delivery={outgoing.delivery_id}"
        try:
            created = _create({**fields, "status_callback": callback})
        except TwilioRestException as refusal:
            if refusal.code != _NO_SUCH_CALLBACK:
                raise twilio_codes.failure(refusal.code, refusal.status) from refusal
            # An installation without a public address gets no receipts; a text without one beats none.
            created = _create_plain(fields)
        return Accepted(ref=str(created.sid))

    def find(self, outgoing: Outgoing) -> Accepted | None:
        """The text of an earlier attempt: same number, same words but for the hint, made since that attempt began."""
        since, words = outgoing.tried_at, _words(messages.sms(outgoing.message))
        if since is None:
            return None
        try:
            recent = _our_client().messages.list(to=outgoing.address, from_=settings.TWILIO_FROM, limit=20)
        except TwilioRestException as refusal:
            raise twilio_codes.failure(refusal.code, refusal.status) from refusal
        except (http.NotSent, http.NoAnswer, TwilioException) as trouble:
            raise TemporaryFailure("not_connected") from trouble
        for text in recent:
            if _words(text.body or "") == words and text.date_created is not None and text.date_created >= since:
                return Accepted(ref=str(text.sid))
        return None

    def mask(self, address: str) -> str:
        return f"{address[:2]}***{address[-4:]}"


CHANNEL = SmsChannel()


def _words(text: str) -> str:
    return text.partition(". Reply ")[0]


def _create_plain(fields: dict[str, Any]) -> Any:
    try:
        return _create(fields)
    except TwilioRestException as refusal:
        raise twilio_codes.failure(refusal.code, refusal.status) from refusal


def _create(fields: dict[str, Any]) -> Any:
    try:
        return _our_client().messages.create(**fields)
    except TwilioRestException:
        raise
    except http.NotSent as trouble:
        raise TemporaryFailure(str(trouble)) from trouble
    except http.NoAnswer as trouble:
        raise OutcomeUnknown(str(trouble)) from trouble
    except (TwilioException, ValueError) as trouble:
        raise OutcomeUnknown("twilio_unreadable_answer") from trouble


class _Http(HttpClient):  # type: ignore[misc]  # twilio publishes no types
    """Twilio's requests over connections of ours: kept, redirected to TWILIO_API_URL, over after ten seconds."""

    def __init__(self, base_url: str) -> None:
        super().__init__(None, False, http.READ)
        self._base_url = base_url.rstrip("/")

    def request(
        self,
        method: str,
        uri: str,
        params: dict[str, Any] | None = None,
        data: dict[str, Any] | None = None,
        headers: dict[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        timeout: float | None = None,
        allow_redirects: bool = False,
    ) -> Response:
        if not uri.startswith(_THEIRS):
            raise TemporaryFailure("twilio_unknown_address")
        url = self._base_url + uri.removeprefix(_THEIRS)
        answer = http.exchange(
            http.provider_client("sms"),
            method,
            url,
            headers=headers,
            params=params or None,
            data=data or None,
            auth=auth,
        )
        if answer.status == 429:
            raise TemporaryFailure("rate_limited", seconds_after(answer.headers.get("retry-after")))
        if answer.status >= 500:
            raise server_trouble(answer.status, answer.headers.get("retry-after"))
        return Response(answer.status, answer.text, answer.headers)


def _our_client() -> Client:
    return _client(settings.TWILIO_ACCOUNT_SID, settings.TWILIO_AUTH_TOKEN, settings.TWILIO_API_URL)


@lru_cache(maxsize=4)
def _client(account: str, token: str, base_url: str) -> Client:
    return Client(account, token, http_client=_Http(base_url))
