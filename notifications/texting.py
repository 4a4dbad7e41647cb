"""What somebody means who answers in words: `1`, `1 12`, `ack #12`, `resolve`, `stop`. Pure."""

import re
from dataclasses import dataclass
from enum import StrEnum

from notifications.replies import Verb


class Word(StrEnum):
    """What is meant where it is not about an incident."""

    HELP = "help"
    STOP = "stop"
    START = "start"
    LIST = "list"
    UNCLEAR = "unclear"


@dataclass(frozen=True)
class Said:
    """Either a verb, with the incident's number where one was given, or a word."""

    verb: Verb | None = None
    number: int | None = None
    word: Word = Word.UNCLEAR


_VERBS = {
    **dict.fromkeys(("1", "a", "ack", "acked", "acknowledge", "ok", "yes"), Verb.ACKNOWLEDGE),
    **dict.fromkeys(("2", "r", "res", "resolve", "resolved", "close", "done"), Verb.RESOLVE),
}
# The words at which carriers stop sending; https://www.twilio.com/docs/messaging/guides/opt-out-keywords
_WORDS = {
    **dict.fromkeys(("stop", "stopall", "unsubscribe", "cancel", "end", "quit", "revoke", "optout"), Word.STOP),
    **dict.fromkeys(("start", "unstop"), Word.START),
    **dict.fromkeys(("help", "info", "?", ""), Word.HELP),
    **dict.fromkeys(("list", "open", "status"), Word.LIST),
}
_SHAPE = re.compile(r"\s*([a-z?]+|[12](?!\d))?[\s#:.,-]*(?:incident)?[\s#]*(\d{1,12})?[\s.!]*", re.IGNORECASE)


def read(text: str) -> Said:
    """What was said. Case, punctuation and `#` do not matter; what is not understood is `UNCLEAR`."""
    found = _SHAPE.fullmatch(text[:200])
    if found is None:
        return Said()
    word = (found[1] or "").lower()
    number = int(found[2]) if found[2] else None
    verb = _VERBS.get(word)
    if verb is not None:
        return Said(verb=verb, number=number)
    return Said(word=_WORDS.get(word, Word.UNCLEAR) if number is None else Word.UNCLEAR)
