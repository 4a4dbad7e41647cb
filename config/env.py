"""The environment, read once, here and nowhere else. Imports no Django: the supervisor uses it too.

Each name may also be given as NAME_FILE, the path of a file that holds the value. What is unset falls back to what a
running `manage.py up` has written into the data folder, then to the default.
"""

import json
import os
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit


@dataclass(frozen=True)
class Variable:
    """One variable of the environment. `secret` ones are never shown by `doctor`."""

    name: str
    default: str
    meaning: str
    secret: bool = False


VARIABLES = (
    Variable("PORT", "8000", "Port of the ASGI front."),
    Variable("HOST", "127.0.0.1", "Address it listens on."),
    Variable("PUBLIC_URL", "", "Address people and providers reach it by; unset: http://HOST:PORT."),
    Variable(
        "SECRET_KEY",
        "",
        "Signs sessions and links; unset: generated and kept in the data folder.",
        secret=True,
    ),
    Variable("ALLOWED_HOSTS", "", "Further host names the pages answer to, separated by commas."),
    Variable("DATABASE_URL", "", "PostgreSQL 14 or newer to use; unset: the embedded one.", secret=True),
    Variable("REDIS_URL", "", "Redis or Valkey to use; unset: the embedded one.", secret=True),
    Variable("TOCSIN_DATA_DIR", "./var", "Folder of the embedded servers, keys and generated secrets."),
    Variable(
        "TOCSIN_ADMIN_PASSWORD",
        "",
        "Password of the first admin; unset: generated and printed once.",
        secret=True,
    ),
    Variable("TOCSIN_DEMO", "1", "Whether the first start makes a demo service with a schedule and a policy."),
    Variable("TOCSIN_DB_POOL", "20", "Most database connections a process keeps; 0: none are kept."),
    Variable(
        "TOCSIN_KEEP_EVENTS", "30", "Days raw messages are kept; what is in quarantine stays until it is dealt with."
    ),
    Variable("TOCSIN_TRUSTED_PROXIES", "0", "How many proxies stand in front and append to X-Forwarded-For; 0: none."),
    Variable("SLACK_BOT_TOKEN", "", "Bot token of the Slack app.", secret=True),
    Variable("SLACK_APP_TOKEN", "", "App-level token of the Slack app (socket mode).", secret=True),
    Variable("SLACK_SIGNING_SECRET", "", "Verifies what Slack posts to us.", secret=True),
    Variable("SLACK_API_URL", "https://slack.com/api/", "Slack's Web API."),
    Variable("TWILIO_ACCOUNT_SID", "", "Account of Twilio."),
    Variable("TWILIO_AUTH_TOKEN", "", "Its token; also verifies what Twilio posts to us.", secret=True),
    Variable("TWILIO_FROM", "", "Number that texts and calls come from."),
    Variable("TWILIO_API_URL", "https://api.twilio.com", "Twilio's REST API."),
    Variable(
        "SNS_API_URL",
        "",
        "Address of a stand-in for Amazon SNS, believed besides Amazon's own: LocalStack, or a test.",
    ),
    Variable(
        "EMAIL_URL",
        "",
        "Mail server: smtp+tls://user:password@host:587, smtps://user:password@host:465 or smtp://host:25.",
        secret=True,
    ),
    Variable("DEFAULT_FROM_EMAIL", "tocsin@localhost", "Sender of our e-mail."),
    Variable(
        "TOCSIN_SMTP_IN",
        "",
        "HOST:PORT where mail for integrations is received, as 127.0.0.1:2525; unset: nowhere.",
    ),
    Variable(
        "TOCSIN_SMTP_IN_CERTIFICATE",
        "",
        "Path of the certificate chain (PEM) with which mail is received over TLS; unset: without TLS.",
    ),
    Variable(
        "TOCSIN_SMTP_IN_KEY",
        "",
        "Path of the certificate's key (PEM, without a password); unset: it stands in the same file.",
    ),
    Variable(
        "TOCSIN_SMTP_IN_TLS",
        "offered",
        "With a certificate: offered (senders may use STARTTLS), required (they must), implicit (TLS from the start).",
    ),
    Variable(
        "EMAIL_INBOUND",
        "",
        "Who posts mail to /email/inbound/: brevo, mailersend, mailgun, mailjet, mandrill, postal, postmark, sendgrid"
        " or sparkpost; unset: nobody.",
    ),
    Variable(
        "EMAIL_INBOUND_SECRET",
        "",
        "What Mailgun, MailerSend, Mandrill or Postal sign with; for others USER:PASSWORD of the address they post to.",
        secret=True,
    ),
    Variable(
        "TOCSIN_ALLOW_PRIVATE",
        "",
        "Private networks that user-given URLs may reach, as CIDR, separated by commas.",
    ),
    Variable("TOCSIN_THROTTLE", "1", "Whether repeated pages to one address are limited; 0: never."),
    Variable("TOCSIN_FAILPOINT", "", "For kill tests: NAME or NAME:N, where the process dies at once, the Nth time."),
)
_BY_NAME = {each.name: each for each in VARIABLES}


def text(name: str) -> str:
    """The value of a declared variable; its default where it is not set. Raises KeyError for an undeclared name."""
    declared = _BY_NAME[name]
    value = os.environ.get(name)
    if value:
        return value
    path = os.environ.get(f"{name}_FILE")
    if path:
        return Path(path).read_text().strip()
    return declared.default


def is_given(name: str) -> bool:
    """Whether the environment itself says something about it."""
    return bool(os.environ.get(name) or os.environ.get(f"{name}_FILE"))


def number(name: str) -> int:
    """The value as a whole number. Raises SystemExit with a sentence where it is none."""
    value = text(name)
    try:
        return int(value)
    except ValueError:
        raise SystemExit(f"{name} must be a whole number, not {value!r}.") from None


def flag(name: str) -> bool:
    """The value as yes or no."""
    return text(name).lower() not in {"", "0", "no", "false", "off"}


def listed(name: str) -> list[str]:
    """The value as a list, separated by commas."""
    return [part.strip() for part in text(name).split(",") if part.strip()]


def smtp_in() -> tuple[str, int] | None:
    """Where mail is received; None where it is not. Raises SystemExit with a sentence."""
    given = text("TOCSIN_SMTP_IN")
    if not given:
        return None
    host, _, port = given.rpartition(":")
    if not port.isdecimal() or not 0 < int(port) < 65_536 or not host:
        raise SystemExit(f"TOCSIN_SMTP_IN is HOST:PORT, as 127.0.0.1:2525, not {given!r}.")
    return host.strip("[]"), int(port)


def file(name: str) -> Path | None:
    """The file that a variable names; with NAME_FILE that one itself, as what is in it is what is wanted."""
    given = os.environ.get(name) or os.environ.get(f"{name}_FILE") or _BY_NAME[name].default
    return Path(given).expanduser() if given else None


def one_of(name: str, known: Iterable[str]) -> str:
    """The value, which is one of these. Raises SystemExit with a sentence where it is not."""
    value, words = text(name).lower(), list(known)
    if value not in words:
        raise SystemExit(f"{name} is one of {', '.join(words)}, not {value!r}.")
    return value


def data_dir() -> Path:
    """The data folder, absolute. It need not exist yet."""
    return Path(text("TOCSIN_DATA_DIR")).expanduser().resolve()


def runtime() -> dict[str, Any]:
    """What a running `manage.py up` has written down for its neighbours: database_url, redis_url, public_url."""
    try:
        loaded = json.loads((data_dir() / "runtime.json").read_text())
    except (OSError, ValueError):
        return {}
    return loaded if isinstance(loaded, dict) else {}


def database_url() -> str:
    """Where PostgreSQL is: DATABASE_URL, else the embedded server of a running `manage.py up`."""
    return text("DATABASE_URL") or str(runtime().get("database_url", ""))


def redis_url() -> str:
    """Where Redis is; empty where there is none, which costs only a quarter of a second."""
    return text("REDIS_URL") or str(runtime().get("redis_url", ""))


def redis_number(url: str) -> int:
    """Which of the numbered databases of a Redis server an address names: `redis://host/2` and `unix:///socket?db=2`."""
    parts = urlsplit(url)
    named = parse_qs(parts.query).get("db", [parts.path.strip("/")])[-1]
    return int(named) if named.isdecimal() else 0


def given_url() -> str:
    """The address that this process's own environment says people reach us by, without a final slash."""
    return (text("PUBLIC_URL") or f"http://{text('HOST')}:{text('PORT')}").rstrip("/")


def public_url() -> str:
    """The address people and providers reach us by, without a final slash.

    A command beside a running `manage.py up` that is told nothing itself takes that one's address.
    """
    is_told = any(is_given(name) for name in ("PUBLIC_URL", "HOST", "PORT"))
    return given_url() if is_told else str(runtime().get("public_url") or given_url())


def is_engine() -> bool:
    """Whether this process was started to carry the engine: a Celery worker, or `manage.py engine`."""
    return bool({"worker", "engine"} & set(sys.argv[1:]))


def secret_key() -> str:
    """SECRET_KEY, else the one kept in the data folder, which is made on first use (mode 0600)."""
    given = text("SECRET_KEY")
    if given:
        return given
    path = data_dir() / "secret_key"
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text().strip()
    with os.fdopen(descriptor, "w") as file:
        key = os.urandom(40).hex()  # `secrets` would bring OpenSSL into the supervisor
        file.write(key)
    return key
