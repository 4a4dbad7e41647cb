"""What is missing or late, in plain words: asked by `manage.py doctor`, `/readyz` and the problems page.

This module looks at what runs: database, clock, broker, engine, lateness. `web.missing` looks at what was set up.
"""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

import redis
from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, Error, connection, connections
from django.db.migrations.executor import MigrationExecutor

from core import clock, jobs
from web import moments

NEEDED = frozenset({"database", "migrations"})  # without these nothing else can be looked at
LATE = timedelta(seconds=15)
_CLOCK_DIFFERS = timedelta(seconds=2)
_ENGINE_SEEN = timedelta(seconds=20)


class Weight(StrEnum):
    """How much a finding matters."""

    OK = "ok"
    WARNING = "warning"
    BROKEN = "broken"  # pages may not go out, or not in time


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at: what is so, and what to do about it."""

    name: str
    weight: Weight
    says: str
    remedy: str = ""


def of_processes() -> list[Finding]:
    """Everything that can be out of order while Tocsin runs. Without a database only that is said."""
    answers = database()
    if answers.weight is Weight.BROKEN:
        return [answers]
    tables = migrations()
    if tables.weight is Weight.BROKEN:
        return [answers, tables]
    return [answers, tables, clock_offset(), broker(), engine(), *lateness()]


def needed() -> list[Finding]:
    """What has to be in order before requests are worth sending here."""
    answers = database()
    return [answers] if answers.weight is Weight.BROKEN else [answers, migrations()]


def database() -> Finding:
    """Whether PostgreSQL answers."""
    try:
        connection.ensure_connection()
        with connection.cursor() as cursor:
            cursor.execute("select 1")
    except Error as trouble:
        reason = str(trouble).strip().splitlines()[0] if str(trouble).strip() else type(trouble).__name__
        return Finding(
            "database",
            Weight.BROKEN,
            f"PostgreSQL does not answer: {reason}",
            "Start it, or mend DATABASE_URL. Until then webhooks are answered 503 and senders try again.",
        )
    return Finding("database", Weight.OK, "PostgreSQL answers.")


_is_migrated = False


def migrations() -> Finding:
    """Whether the tables are those this release needs. Once they are, a process does not look again."""
    global _is_migrated  # noqa: PLW0603  reading the graph costs 50 ms, and probes ask every few seconds
    applied = Finding("migrations", Weight.OK, "All migrations are applied.")
    if _is_migrated:
        return applied
    executor = MigrationExecutor(connections[DEFAULT_DB_ALIAS])
    waiting = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if not waiting:
        _is_migrated = True
        return applied
    names = ", ".join(f"{each.app_label}.{each.name}" for each, _ in waiting[:3])
    return Finding(
        "migrations",
        Weight.BROKEN,
        f"{len(waiting)} migration{'s are' if len(waiting) > 1 else ' is'} not applied: {names}.",
        "Run `manage.py prepare`.",
    )


def clock_offset() -> Finding:
    """Whether this machine's clock agrees with the database's; signatures are checked by this machine's."""
    offset = clock.measure()
    shown = f"{offset.total_seconds():+.1f} s"
    if abs(offset) > _CLOCK_DIFFERS:
        return Finding(
            "clock",
            Weight.WARNING,
            f"The database's clock is {shown} away from this machine's.",
            "Let both follow the same time server: Slack's signatures are only good for five minutes.",
        )
    return Finding("clock", Weight.OK, f"The clocks agree ({shown}).")


def broker() -> Finding:
    """Whether Redis answers, and keeps what it is given."""
    if not settings.REDIS_URL:
        return Finding(
            "broker",
            Weight.WARNING,
            "No Redis is set: pages poll, doorbells are silent.",
            "Set REDIS_URL.",
        )
    remedy = "Pages go out all the same, up to a second later. Start it, or mend REDIS_URL."
    try:
        with redis.Redis.from_url(settings.REDIS_URL, socket_timeout=1, socket_connect_timeout=1) as client:
            client.ping()
            policy = _eviction(client)
    except (redis.RedisError, OSError) as trouble:
        return Finding("broker", Weight.WARNING, f"Redis does not answer: {type(trouble).__name__}.", remedy)
    if policy not in {"", "noeviction"}:
        return Finding(
            "broker",
            Weight.WARNING,
            f"Redis may drop doorbells: its maxmemory-policy is {policy}.",
            "Set maxmemory-policy to noeviction.",
        )
    return Finding("broker", Weight.OK, "Redis answers.")


def _eviction(client: "redis.Redis") -> str:
    try:
        return str(client.config_get("maxmemory-policy").get("maxmemory-policy", ""))
    except redis.ResponseError:
        return ""  # hosted ones hide it


def engine() -> Finding:
    """Whether any engine looks at what is due, seen from the database: it needs no broker to be asked."""
    count, quiet = engines()
    if not count:
        return Finding(
            "engine",
            Weight.BROKEN,
            "No engine runs: nothing that is due goes out.",
            "Start a Celery worker, or `manage.py engine`.",
        )
    if quiet > _ENGINE_SEEN:
        return Finding(
            "engine",
            Weight.BROKEN,
            f"The engine has not asked the database anything for {moments.span(quiet)}.",
            "Look at its log, then restart it.",
        )
    return Finding("engine", Weight.OK, "The engine runs.")


def engines() -> tuple[int, timedelta]:
    """How many connections engines hold, and how long ago the latest of them did something."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select count(*), coalesce(clock_timestamp() - max(greatest(state_change, query_start)), '0') "
            "from pg_stat_activity where application_name = %s and datname = current_database()",
            [settings.ENGINE_NAME],
        )
        count, quiet = cursor.fetchone() or (0, timedelta())
    return int(count), quiet


def oldest_due() -> dict[str, timedelta]:
    """How late the oldest due row of each lane is; zero where nothing is late."""
    now = clock.now()
    due = {each.name: each.next_due() for each in jobs.lanes()}
    return {name: max(timedelta(), now - at) if at else timedelta() for name, at in due.items()}


def lateness() -> list[Finding]:
    """Each lane with rows that should have been handled a while ago; one good finding where there is none."""
    late = {name: by for name, by in oldest_due().items() if by > LATE}
    if not late:
        return [Finding("lateness", Weight.OK, "Nothing that is due is late.")]
    return [
        Finding(
            f"lateness of {name}",
            Weight.BROKEN,
            f"The oldest due row of “{name}” waits for {moments.span(by)}.",
            "Is an engine running, and does it keep up? `manage.py doctor` says; more workers share the work.",
        )
        for name, by in late.items()
    ]
