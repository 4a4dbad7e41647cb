"""Typed news from a lower app to those above it. Followers run in the announcer's transaction, in their order.

A follower writes rows and does no I/O; if it raises, the change it follows is rolled back with it. That is the
point: an acknowledgement that could not stop its escalation is not an acknowledgement.
"""

from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

News = TypeVar("News")


class Hook(Generic[News]):
    """One kind of news. `follow` it in the `followers` module of an app above, imported by its AppConfig."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._followers: list[Callable[[News], None]] = []
        self._for_many: dict[Callable[[News], None], Callable[[Sequence[News]], None]] = {}

    def follow(self, follower: Callable[[News], None]) -> Callable[[News], None]:
        """Register a follower; usable as a decorator. Registering twice changes nothing."""
        if follower not in self._followers:
            self._followers.append(follower)
        return follower

    def for_many(
        self, follower: Callable[[News], None]
    ) -> Callable[[Callable[[Sequence[News]], None]], Callable[[Sequence[News]], None]]:
        """Declare what does the same as this follower for much news at once, in fewer statements."""

        def declare(together: Callable[[Sequence[News]], None]) -> Callable[[Sequence[News]], None]:
            self._for_many[follower] = together
            return together

        return declare

    def announce(self, news: News) -> None:
        """Tell every follower, in this transaction."""
        for follower in self._followers:
            follower(news)

    def announce_all(self, every: Sequence[News]) -> None:
        """Tell every follower all of it, in this transaction."""
        for follower in self._followers:
            together = self._for_many.get(follower)
            if together is not None:
                together(every)
                continue
            for news in every:
                follower(news)

    def followers(self) -> tuple[str, ...]:
        """Dotted names of the followers, for the contract test that pins them."""
        return tuple(f"{follower.__module__}.{follower.__name__}" for follower in self._followers)
