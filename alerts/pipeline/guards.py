"""Whether a message is believed to be its sender's, before it is read: what a secret of the integration asks for.

What Amazon SNS signs is checked as far as its certificate is at hand; where the secret names a topic, nothing else will
do.
"""

from collections.abc import Callable

from django.conf import settings

from alerts.models import Integration, SigningCertificate
from alerts.parsing import sns
from alerts.parsing.authentication import Doubt, Offered, Secret
from alerts.parsing.source import Received, sources
from alerts.pipeline import errands
from alerts.pipeline.understanding import RawEvent
from alerts.receiving import offered
from core import sealing

Guard = Callable[[RawEvent], Doubt | None]


def guard_of(integration: Integration) -> Guard | None:
    """What looks at the integration's messages; None where the key of the address is all that is asked for."""
    # By the integration's own source, whatever way the message came: a forger chooses the easiest.
    source = sources.get(integration.source)
    authentication = source.authentication if source else None
    is_topic = isinstance(authentication, sns.SignedTopic)
    if integration.sealed_secret is None:
        return _of_topic("") if is_topic else None
    try:
        text = sealing.unseal(integration.sealed_secret, purpose=offered.PURPOSE)
    except sealing.CannotOpen:
        return lambda _event: Doubt(
            "secret_unreadable",
            "The integration's secret was stored with another SECRET_KEY and cannot be opened. Set it again, then"
            " read the message again.",
        )
    if is_topic:
        return _of_topic(text)
    if authentication is None:
        return lambda _event: Doubt(
            "secret_without_use", "The integration has a secret, but its source knows no way to prove one. Remove it."
        )
    secret = Secret(text, offered.digest(text))

    def look(event: RawEvent) -> Doubt | None:
        shown = Offered(event.headers, event.body, event.query, event.received_at)
        return authentication.doubt(secret, shown, is_cut="cut" in event.marks)

    return look


def _of_topic(topic: str) -> Guard:
    """Amazon's signature, for this topic; for any, and as far as it can be checked, where none is named."""
    known = dict(SigningCertificate.objects.known().order_by("-fetched_at").values_list("url", "pem")[:100])

    def look(event: RawEvent) -> Doubt | None:
        message = sns.envelope(Received(event.body, event.received_at, headers=event.headers))
        if message is None:
            problem = f"Only what Amazon signed for {topic} is read. Switch raw delivery off."
            return Doubt("proof_missing", problem) if topic else None
        try:
            if topic:
                sns.check_topic(message, topic)
            sns.check_certificate_url(message.certificate_url, base=settings.SNS_API_URL)
            pem = known.get(message.certificate_url)
            if pem is not None:
                sns.check_signature(message, pem, at=event.received_at)
        except sns.NotAmazons as trouble:
            return Doubt("proof_wrong", str(trouble))
        if pem is None and topic:
            problem = "Amazon's certificate is being fetched. Then the message is read by itself."
            return Doubt(errands.CERTIFICATE_MISSING, problem, is_open=True)
        if pem is None and message.kind != sns.CONFIRMATION:
            event.marks.append(errands.UNCHECKED)
        return None

    return look
