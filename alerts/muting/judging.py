"""What mutes an alert, told of it in one piece: the cause that is shown, all causes by name, and until when."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from alerts.muting import mutes_now
from alerts.muting.mutes import Found, Mutes, Side, is_inhibited
from incidents.mutes import INHIBITED, Mute


class Muted:
    """What mutes one alert: the first of it, and all by their names."""

    __slots__ = ("causes", "first", "until")

    def __init__(self, first: Mute, causes: Sequence[str], until: datetime | None) -> None:
        self.first = first
        self.causes = causes
        self.until = until  # when the first of its causes ends, as far as that is known


def judged(mutes: Mutes, found: Found, firing: Mapping[tuple[int, str], bool]) -> Muted | None:
    """What mutes an alert of which this was found; None where nothing does."""
    inhibiting = [side for side in found.targets if is_inhibited(side, firing)]
    if not found.muters and not inhibiting:
        return None
    causes = [muter.cause for muter in found.muters]
    causes += [cause for side in inhibiting for cause in causes_of(side)]
    until = min((muter.until for muter in found.muters), default=None)
    if found.muters:
        one = found.muters[0]
        return Muted(Mute(one.reason, one.what, one.pk, one.owner, one.until, one.comment), causes, until)
    side = inhibiting[0]
    rule = mutes.rules[side.rule_id]
    title = mutes_now.source_title(side)
    what = f"rule “{rule.name}”" + (f", while “{title}” fires" if title else "")
    return Muted(Mute(INHIBITED, what, rule.pk), causes, None)


def causes_of(side: Side) -> tuple[str, str]:
    """The names of an inhibition among the causes of a muted incident: its rule, and the rule with its key."""
    return f"rule:{side.rule_id}", f"rule:{side.rule_id}:{side.key}"
