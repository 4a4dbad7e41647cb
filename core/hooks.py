"""Typed news from a lower app to those above it. Followers run in the announcer's transaction, in their order.

A follower writes rows and does no I/O; if it raises, the change it follows is rolled back with it. That is the
point: an acknowledgement that could not stop its escalation is not an acknowledgement.
"""

from collections.abc import Callable
from typing import Generic, TypeVar

News = TypeVar("News")


class Hook(Generic[News]):
    """One kind of news. `follow` it in the `followers` module of an app above, imported by its AppConfig."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._followers: list[Callable[[News], None]] = []

    def follow(self, follower: Callable[[News], None]) -> Callable[[News], None]:
        """Register a follower; usable as a decorator. Registering twice changes nothing."""
        if follower not in self._followers:
            self._followers.append(follower)
        return follower

    def announce(self, news: News) -> None:
        """Tell every follower, in this transaction."""
        for follower in self._followers:
            follower(news)

    def followers(self) -> tuple[str, ...]:
        """Dotted names of the followers, for the contract test that pins them."""
        return tuple(f"{follower.__module__}.{follower.__name__}" for follower in self._followers)
