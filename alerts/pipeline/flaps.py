"""Follows through a batch which alerts begin to flap. Pure: no database, no clock."""

from alerts.decisions import flapping
from alerts.decisions.flapping import FlapRule
from alerts.pipeline.cases import Episode, Flap, Told
from core import durations


class Flaps:
    """What one batch changes; `news` is what incidents are to tell of."""

    def __init__(self, rule: FlapRule | None) -> None:
        self.news: list[Flap] = []
        self._rule = rule

    def count(self, episode: Episode, told: Told) -> None:
        """A change between firing and resolved. Too many within a time, and it is flapping until it has been quiet."""
        rule = self._rule
        if rule is None:
            return
        episode.changes = flapping.with_change(episode.changes or (), told.at, rule)
        if episode.flapping_until is None and not flapping.is_flapping(episode.changes, rule):
            return
        changes = len(episode.changes)
        if episode.flapping_until is None and episode.case is not None:
            episode.case.flapping_count += 1
            self.news.append(Flap(episode.case, told.alert.title or told.alert.dedup_key, changes))
        episode.flapping_until = told.at + rule.quiet
        episode.reasons["flapping"] = {"changes": changes, "within": durations.write(rule.window)}

    def go_on(self, before: Episode, episode: Episode, told: Told) -> bool:
        """A new row of the same alert: its changes count on, and the old one's incident need not wait for it.

        Whether the old row has changed by that.
        """
        was_flapping = before.flapping_until is not None
        if was_flapping:
            before.flapping_until = before.reasons["flapping"] = None
            if before.case is not None:
                before.case.flapping_count -= 1
        episode.changes = before.changes
        self.count(episode, told)
        return was_flapping
