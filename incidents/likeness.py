"""How much two titles look alike: the share of the trigrams they have in common. Pure."""

import re

_WORD = re.compile(r"\w+")
_LONGEST = 300  # characters of a title that are looked at


def trigrams(text: str) -> frozenset[str]:
    """Every three letters in a row of each word, its beginning and its end included; whatever the case."""
    found: set[str] = set()
    for word in _WORD.findall(text[:_LONGEST].lower()):
        padded = f"  {word} "
        found.update(padded[start : start + 3] for start in range(len(padded) - 2))
    return frozenset(found)


def likeness(one: frozenset[str], other: frozenset[str]) -> float:
    """From 0, nothing in common, to 1, the same words."""
    return len(one & other) / len(one | other) if one and other else 0.0
