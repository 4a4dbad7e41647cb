"""Makes a database ready for this release: migrations, one starter at a time, and on the first start an admin."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings
from django.core.management import call_command
from django.db import connection, transaction

from accounts.models import Role, User
from alerts.pipeline import partitions
from config import demo, env
from config.up.files import FIRST_PASSWORD, write_private

# Any number that no other program uses on the same database will do; it spells "tocs".
_LOCK = 0x746F6373
# A migration of a large table may take its time, but it may not hold up everyone who waits behind its locks.
_LIMITS = {"statement_timeout": "60min", "lock_timeout": "60min", "idle_in_transaction_session_timeout": "60min"}
_LOCK_TIMEOUT_OF_MIGRATIONS = "60s"

FIRST_ADMIN = "admin"


@contextmanager
def alone() -> Iterator[None]:
    """Hold the database's start lock: of several starters one goes first, and the others wait for it to end."""
    with connection.cursor() as cursor:
        for name, value in _LIMITS.items():
            cursor.execute(f"set {name} = '{value}'")
        cursor.execute("select pg_advisory_lock(%s)", [_LOCK])
        cursor.execute(f"set lock_timeout = '{_LOCK_TIMEOUT_OF_MIGRATIONS}'")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("select pg_advisory_unlock(%s)", [_LOCK])
            for name in _LIMITS:
                cursor.execute(f"reset {name}")


def migrate(*, verbosity: int) -> None:
    """Apply every migration that is not yet applied, and make the days ahead of the inbox. To be called `alone`."""
    call_command("migrate", interactive=False, verbosity=verbosity)
    partitions.ensure()


@transaction.atomic
def first_start(*, wants_demo: bool, keeps_password: bool = False) -> str | None:
    """Make the first admin and the demo, unless somebody is admin already. To be called `alone`.

    Returns the password that was generated for her and that nobody was shown yet; None where there is none. With
    `keeps_password` it stays in a 0600 file until `password_is_shown`.
    """
    if User.objects.admins().exists() or User.objects.filter(username=FIRST_ADMIN).exists():
        return _password_not_yet_shown()
    given = env.text("TOCSIN_ADMIN_PASSWORD")
    password = given or secrets.token_urlsafe(15)
    if keeps_password and not given:
        # Before the account is committed: whoever stops us from here on is shown it at the next start.
        _password_file().parent.mkdir(parents=True, exist_ok=True)
        write_private(_password_file(), password + "\n")
    admin = User.objects.create_user(FIRST_ADMIN, password, role=Role.ADMIN, full_name="First admin")
    if wants_demo:
        demo.seed(admin)
    return None if given else password


def password_is_shown() -> None:
    """It stands where somebody can read it: forget it."""
    _password_file().unlink(missing_ok=True)


def _password_not_yet_shown() -> str | None:
    try:
        password = _password_file().read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        return None
    admin = User.objects.filter(username=FIRST_ADMIN).first()
    return password if admin is not None and admin.check_password(password) else None


def _password_file() -> Path:
    return Path(settings.DATA_DIR) / FIRST_PASSWORD
