"""Why nobody is paged for an incident, as it is kept and told. Pure."""

from dataclasses import dataclass
from datetime import UTC, datetime

from incidents.timeline import Detail

SILENCED, MAINTENANCE, INHIBITED = "silenced", "maintenance", "inhibited"


@dataclass(frozen=True)
class Mute:
    """Why nobody is paged: the named reason, what mutes, whose it is and until when, as far as that is known."""

    reason: str  # silenced | maintenance | inhibited
    what: str  # as people read it: `silence 12`, `the window “Database update”`
    id: int
    owner: str = ""
    until: datetime | None = None
    comment: str = ""

    @property
    def text(self) -> str:
        """As a sentence without its full stop: `Silenced by ada until 2026-03-01 12:00 UTC (silence 12): deploying`."""
        begin = {
            SILENCED: f"Silenced by {self.owner}" if self.owner else "Silenced",
            MAINTENANCE: f"Under maintenance by {self.owner}" if self.owner else "Under maintenance",
            INHIBITED: "Inhibited",
        }[self.reason]
        until = f" until {self.until.astimezone(UTC):%Y-%m-%d %H:%M} UTC" if self.until else ""
        comment = f": {self.comment[:300]}" if self.comment else ""
        return f"{begin}{until} ({self.what}){comment}"

    def shown(self) -> dict[str, str | int | None]:
        """As it is kept with the incident and shown by the API."""
        return {
            "reason": self.reason,
            "what": self.what,
            "id": self.id,
            "by": self.owner,
            "until": self.until.isoformat() if self.until else None,
            "comment": self.comment[:300],
            "text": self.text,
        }

    def details(self) -> dict[str, Detail]:
        """For a timeline entry."""
        until = self.until.isoformat() if self.until else None
        return {"what": self.what, "id": self.id, "owner": self.owner, "until": until}


def told(mute: Mute) -> str:
    """What the timeline says of it."""
    return f"{mute.text}. Nobody is paged while all that fires is muted."
