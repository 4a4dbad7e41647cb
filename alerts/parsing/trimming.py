"""Cuts what is too long to keep or to show, after parsing, so that nothing is refused for its length. Pure."""

from alerts.parsing.mend import REPLACEMENT
from alerts.parsing.source import ParsedAlert

LONGEST_TITLE = 1024
LONGEST_DESCRIPTION = 16_000
LONGEST_KEY = 1024  # of what is shown; the identity is a hash of the whole
LONGEST_NAME = 200
LONGEST_VALUE = 4_000
LONGEST_ANNOTATION = 16_000
MOST_LABELS = 200
MOST_LINKS = 30
MARK = "long_field_cut"


def trim(alert: ParsedAlert) -> bool:
    """Whether something of the alert had to be cut."""
    was_cut = False
    if len(alert.title) > LONGEST_TITLE:
        alert.title, was_cut = cut(alert.title, LONGEST_TITLE), True
    if len(alert.description) > LONGEST_DESCRIPTION:
        alert.description, was_cut = cut(alert.description, LONGEST_DESCRIPTION), True
    if len(alert.links) > MOST_LINKS:
        alert.links, was_cut = alert.links[:MOST_LINKS], True
    if _are_too_long(alert.labels, LONGEST_VALUE):
        alert.labels, was_cut = _cut_texts(alert.labels, LONGEST_VALUE), True
    if _are_too_long(alert.annotations, LONGEST_ANNOTATION):
        alert.annotations, was_cut = _cut_texts(alert.annotations, LONGEST_ANNOTATION), True
    return was_cut


def cut(text: str, longest: int) -> str:
    """The text, or its head with an ellipsis."""
    return text if len(text) <= longest else text[: longest - 1].rstrip(REPLACEMENT) + "…"


def _are_too_long(texts: dict[str, str], longest: int) -> bool:
    if not texts:
        return False
    if len("".join(texts)) <= LONGEST_NAME and len("".join(texts.values())) <= longest:
        return len(texts) > MOST_LABELS  # all together are short: no need to look at each
    return len(texts) > MOST_LABELS or max(map(len, texts.values())) > longest or max(map(len, texts)) > LONGEST_NAME


def _cut_texts(texts: dict[str, str], longest: int) -> dict[str, str]:
    return {cut(name, LONGEST_NAME): cut(value, longest) for name, value in list(texts.items())[:MOST_LABELS]}
