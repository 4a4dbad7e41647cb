"""What EMAIL_URL says about the mail server. Pure; imports no Django."""

from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import unquote, urlsplit

_PORTS = {"smtp": 25, "smtp+tls": 587, "smtps": 465}
_FORMS = "smtp+tls://user:password@host:587 (STARTTLS), smtps://user:password@host:465 (TLS), smtp://host:25 (neither)"


@dataclass(frozen=True)
class MailServer:
    """Where mail is handed over, and how."""

    host: str
    port: int
    user: str
    password: str
    starts_tls: bool
    is_tls: bool


def read(url: str) -> MailServer:
    """The server that is written. Raises SystemExit with a sentence, which does not repeat the password."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise SystemExit(f"EMAIL_URL is not an address. Write {_FORMS}; a password's / : @ # ? as %2F %3A ….") from None
    if parts.scheme not in _PORTS or not parts.hostname:
        raise SystemExit(f"EMAIL_URL does not name a mail server. Write {_FORMS}.")
    if parts.scheme == "smtp" and parts.username and not _is_loopback(parts.hostname):
        raise SystemExit(
            "EMAIL_URL is smtp:// with a password, which would travel in the clear. Write smtp+tls:// or smtps://."
        )
    return MailServer(
        host=parts.hostname,
        port=port or _PORTS[parts.scheme],
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        starts_tls=parts.scheme == "smtp+tls",
        is_tls=parts.scheme == "smtps",
    )


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
