"""Which known name was probably meant."""

from collections.abc import Collection
from difflib import get_close_matches


def nearest(name: str, known: Collection[str]) -> str | None:
    """The known name that was probably meant; None where none looks like it."""
    return next(iter(get_close_matches(name, sorted(known), n=1, cutoff=0.6)), None)


def near(name: str, known: Collection[str]) -> str:
    """A hint to the nearest known name, else to all of them if they are few."""
    match = nearest(name, known)
    if match is not None:
        return f' (did you mean "{match}"?)'
    return f" (known: {', '.join(sorted(known))})" if 0 < len(known) <= 12 else ""
