"""What browsers are told: only that something changed. Each element refetches itself through its ordinary view."""

import json
from dataclasses import asdict, dataclass

GROUP = "web.live"


@dataclass(frozen=True)
class Frame:
    """The `kind` of thing, its `id`, and the `version` it has now; a browser that shows an older one asks anew.

    An `incident` has moved; of an `entry` in its timeline the version is the entry's own id.
    """

    kind: str
    id: int = 0
    version: int = 0

    def text(self) -> str:
        """As it goes to the browser."""
        return json.dumps(asdict(self))


BEAT = Frame("beat")  # everything between the database's changes and the browser works
ANYTHING = Frame("incidents")  # too much changed to name, or something may have been missed
