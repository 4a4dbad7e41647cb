"""What was not set up, or not wholly: the findings that need a person to do something before the next page."""

from datetime import timedelta
from urllib.parse import urlsplit

from django.conf import settings
from django.db.models import Exists, OuterRef, QuerySet

from accounts.models import User
from alerts.mail.certificates import BadCertificate, Certificate, ends_at
from catalog.models import Service
from core import clock
from escalation.models import Coverage
from incidents import search_index
from notifications.channel import CHANNELS
from notifications.models import ContactMethod
from oncall import roster
from oncall.models import RotationMember, Schedule
from web.findings import Finding, Weight

_NAMED = 5
_SCHEDULES = 500
_RENEWED_BEFORE = timedelta(days=14)


def all_of_it() -> list[Finding]:
    """Each finding; those that are in order too."""
    return [providers(), public_url(), proxies(), admins(), reachable(), covered_now(), services(), mail_in(), search()]


def providers() -> Finding:
    """By which channels this installation can send."""
    labels = {slug: channel.label for slug, channel in CHANNELS.all().items()}
    ready = [labels[slug] for slug, channel in CHANNELS.all().items() if channel.is_configured()]
    lacking = [label for label in labels.values() if label not in ready]
    if not ready:
        return Finding(
            "providers",
            Weight.BROKEN,
            "No channel is set up: nobody can be paged.",
            "Set EMAIL_URL, SLACK_BOT_TOKEN, or TWILIO_ACCOUNT_SID with TWILIO_AUTH_TOKEN and TWILIO_FROM.",
        )
    if lacking:
        return Finding(
            "providers",
            Weight.WARNING,
            f"Set up: {', '.join(ready)}. Not set up: {', '.join(lacking)}.",
            "Deliveries over a channel that is not set up fail at once, and the person's next way is tried.",
        )
    return Finding("providers", Weight.OK, f"Set up: {', '.join(ready)}.")


def public_url() -> Finding:
    """Whether links in messages, and providers' callbacks, can be trusted on their way."""
    address = urlsplit(settings.PUBLIC_URL)
    if address.scheme == "https":
        return Finding("public_url", Weight.OK, f"People reach it by {settings.PUBLIC_URL}.")
    if address.hostname in {"localhost", "127.0.0.1", "::1"}:
        return Finding(
            "public_url",
            Weight.WARNING,
            f"PUBLIC_URL is {settings.PUBLIC_URL}: links in messages only work on this machine.",
            "Set PUBLIC_URL to the address people use, with https.",
        )
    return Finding(
        "public_url",
        Weight.WARNING,
        f"PUBLIC_URL is {settings.PUBLIC_URL}, not https: sessions and links travel in the clear.",
        "Put a proxy with a certificate in front and set PUBLIC_URL to its address.",
    )


def proxies() -> Finding:
    """Whether clients are told apart. We end no TLS ourselves: with https there is a proxy in front."""
    if urlsplit(settings.PUBLIC_URL).scheme == "https" and not settings.TRUSTED_PROXIES:
        return Finding(
            "proxies",
            Weight.WARNING,
            "PUBLIC_URL is https, so a proxy stands in front, but none is trusted: everybody seems to come from its "
            "address, and one stranger's failed sign-ins count against all.",
            "Let the proxy append to X-Forwarded-For, and set TOCSIN_TRUSTED_PROXIES to how many proxies do so.",
        )
    return Finding("proxies", Weight.OK, f"Proxies that are trusted: {settings.TRUSTED_PROXIES}.")


def admins() -> Finding:
    """Whether the last resort is there: when nobody else is found, admins are paged."""
    if User.objects.admins().exists():
        return Finding("admins", Weight.OK, "There is an admin to page when nobody else is found.")
    return Finding("admins", Weight.BROKEN, "There is no active admin: the last resort is missing.", "Make one.")


def reachable() -> Finding:
    """Whether everybody who may be on call can be reached in some way."""
    unreachable = list(_unreachable().values_list("username", flat=True)[: _NAMED + 1])
    if unreachable:
        return Finding(
            "people",
            Weight.BROKEN,
            f"Cannot be reached in any way, though on call at times: {_listed(unreachable)}.",
            "Give each a verified contact method, or at least an e-mail address.",
        )
    return Finding("people", Weight.OK, "Everybody who may be on call can be reached.")


def _unreachable() -> QuerySet[User]:
    usable = ContactMethod.objects.filter(user=OuterRef("pk"), verified_at__isnull=False, disabled_reason="")
    in_turn = RotationMember.objects.filter(user=OuterRef("pk"))
    everybody: QuerySet[User] = User.objects.active()
    return everybody.filter(Exists(in_turn), ~Exists(usable), email="").order_by("username")


def covered_now() -> Finding:
    """Whether every schedule has somebody at this moment."""
    now = clock.now()
    schedules = Schedule.objects.prefetch_related(*roster.drawn(now)).order_by("name")[:_SCHEDULES]
    bare = [schedule.name for schedule in schedules if not roster.on_call(schedule, now)]
    if bare:
        return Finding(
            "schedules",
            Weight.WARNING,
            f"Nobody is on call now in: {_listed(bare)}.",
            "A page to them goes to the team's managers, then to the admins. Add an override or a rotation.",
        )
    return Finding("schedules", Weight.OK, "Somebody is on call in every schedule.")


def services() -> Finding:
    """Whether every service has a policy that says whom to page."""
    covered = Coverage.objects.filter(service=OuterRef("pk"))
    bare = list(Service.objects.filter(~Exists(covered)).order_by("name").values_list("name", flat=True)[: _NAMED + 1])
    if bare:
        return Finding(
            "services",
            Weight.WARNING,
            f"Without an escalation policy: {_listed(bare)}.",
            "Their incidents go to the team's managers, then to the admins. Give them a policy.",
        )
    return Finding("services", Weight.OK, "Every service has an escalation policy.")


def mail_in() -> Finding:
    """Whether mail comes in, and whether the listener's certificate can be used for a while yet."""
    chain = settings.SMTP_IN_CERTIFICATE
    if not settings.SMTP_IN:
        return Finding("mail_in", Weight.OK, "No mail is received by SMTP here.")
    if chain is None:
        says = f"Mail is received at {settings.SMTP_IN}, without TLS."
        return Finding("mail_in", Weight.OK, says, "To have it encrypted, set TOCSIN_SMTP_IN_CERTIFICATE.")
    try:
        Certificate(chain, settings.SMTP_IN_KEY)
        until = ends_at(chain)
    except BadCertificate as trouble:
        remedy = "Mend TOCSIN_SMTP_IN_CERTIFICATE and TOCSIN_SMTP_IN_KEY: the listener does not start without them."
        return Finding("mail_in", Weight.BROKEN, f"Mail cannot be received over TLS. {trouble}", remedy)
    if until - clock.now() < _RENEWED_BEFORE:
        says = f"The mail listener's certificate is good until {until:%Y-%m-%d %H:%M} UTC only."
        return Finding("mail_in", Weight.WARNING, says, "Replace the files; the listener takes them up by itself.")
    says = f"Mail is received at {settings.SMTP_IN}; its certificate is good until {until:%Y-%m-%d}."
    return Finding("mail_in", Weight.OK, says)


def search() -> Finding:
    """Whether incidents are searched by an index."""
    problem = search_index.problem()
    if not problem:
        return Finding("search", Weight.OK, "Incidents are searched by an index.")
    return Finding(
        "search",
        Weight.WARNING,
        f"{problem} Searching many incidents is slow, and may be given up.",
        "Let who owns the database run `create extension if not exists pg_trgm;`, then run `manage.py prepare`.",
    )


def _listed(names: list[str]) -> str:
    shown = ", ".join(names[:_NAMED])
    return f"{shown} and more" if len(names) > _NAMED else shown
