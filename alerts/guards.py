"""Whether a message is believed to be its sender's, before it is read: what a secret of the integration asks for."""

from collections.abc import Callable

from alerts import offered
from alerts.authentication import Doubt, Offered, Secret
from alerts.models import Integration
from alerts.source import sources
from alerts.understanding import RawEvent
from core import sealing

Guard = Callable[[RawEvent], Doubt | None]


def guard_of(integration: Integration) -> Guard | None:
    """What looks at the integration's messages; None where the key of the address is all that is asked for."""
    if integration.sealed_secret is None:
        return None
    try:
        text = sealing.unseal(integration.sealed_secret, purpose=offered.PURPOSE)
    except sealing.CannotOpen:
        return lambda _event: Doubt(
            "secret_unreadable",
            "The integration's secret was stored with another SECRET_KEY and cannot be opened. Set it again, then"
            " read the message again.",
        )
    # By the integration's own source, whatever way the message came: a forger chooses the easiest.
    source = sources.get(integration.source)
    authentication = source.authentication if source else None
    if authentication is None:
        return lambda _event: Doubt(
            "secret_without_use", "The integration has a secret, but its source knows no way to offer one. Remove it."
        )
    secret = Secret(text, offered.digest(text))

    def look(event: RawEvent) -> Doubt | None:
        shown = Offered(event.headers, event.body, event.query, event.received_at)
        return authentication.doubt(secret, shown, is_cut="cut" in event.marks)

    return look
