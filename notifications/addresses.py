"""Whether an address is one that its channel could reach, asked wherever contact methods are written. Pure."""

import re

from django.core.exceptions import ValidationError
from django.core.validators import EmailValidator

_NUMBER = re.compile(r"\+[1-9][0-9]{6,14}")
_CHANNELS_OF_NUMBERS = frozenset({"sms", "voice", "whatsapp"})


def fault(channel: str, address: str) -> str:
    """What is wrong with the address, as a sentence without its full stop; empty where nothing is."""
    if channel in _CHANNELS_OF_NUMBERS and not _NUMBER.fullmatch(address):
        return f'"{address}" is not a phone number in international form, like +12025550101'
    if channel == "email" and not is_email(address):
        return f'"{address}" is not an e-mail address'
    return ""


def is_email(address: str) -> bool:
    """Whether mail could be sent there."""
    try:
        EmailValidator()(address)
    except ValidationError:
        return False
    return True
