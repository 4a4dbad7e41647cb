"""What Twilio's error codes mean for a page. Pure. Meanings change, so what is not listed is permanent: next method.

https://www.twilio.com/docs/api/errors
"""

from notifications.channel import PermanentFailure, TemporaryFailure

STOPPED = 21610

_LATER = {20429: "rate_limited", 20500: "provider_trouble", 20503: "provider_trouble", 30001: "queue_overflow"}
_OURS = {
    20003: "provider_refuses_us",
    20005: "provider_account_suspended",
    20404: "provider_refuses_us",
    21606: "sender_number_refused",
    21603: "sender_number_refused",
    21659: "sender_number_refused",
    21660: "sender_number_refused",
    30002: "provider_account_suspended",
    30034: "sender_not_registered",
}
_FOR_THIS_NUMBER = {
    21211: "number_invalid",
    21408: "region_not_permitted",
    21610: "recipient_stopped",
    21612: "number_unreachable",
    21614: "number_not_mobile",
    30003: "handset_unreachable",
    30004: "blocked",
    30005: "handset_unknown",
    30006: "landline_or_unreachable",
    30007: "filtered_by_carrier",
    30008: "carrier_error",
    30410: "carrier_timeout",
}


def reason(code: int | None) -> str:
    """The code as a named reason; the code itself where it has no name here."""
    if not code:
        return "provider_error"
    return _LATER.get(code) or _OURS.get(code) or _FOR_THIS_NUMBER.get(code) or f"twilio_{code}"


def failure(code: int | None, status: int) -> TemporaryFailure | PermanentFailure:
    """What a refused request means."""
    if code in _LATER or (not code and status in {408, 429}):
        return TemporaryFailure(reason(code))
    return PermanentFailure(
        reason(code), disables_method=code == STOPPED, is_ours=code in _OURS or (not code and status in {401, 403})
    )
