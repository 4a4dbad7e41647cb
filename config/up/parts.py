"""The programs of an installation, and what each is told: prepare, web, mail, worker, beat."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from config.up.launching import Launch
from config.up.supervisor import Part

_CODE = Path(__file__).resolve().parents[2]


def prepare(environment: Mapping[str, str]) -> Part:
    """Migrations, partitions, first admin, demo: runs to its end before anything else starts."""
    return _part("prepare", environment, str(_CODE / "manage.py"), "prepare", "--keep-password", grace=10)


def web(environment: Mapping[str, str], host: str, port: int) -> Part:
    """The ASGI front."""
    return _part("web", environment, "-m", "config.front", "--host", host, "--port", str(port), grace=10)


def mail(environment: Mapping[str, str]) -> Part:
    """The SMTP listener, where there is to be one."""
    return _part("mail", environment, "-m", "config.mailbox", grace=10)


def worker(environment: Mapping[str, str]) -> Part:
    """Celery with the engine in it. A stop is warm: what is being sent may finish."""
    return _part(
        "worker", environment, *_ROOT_IS_FINE, "-m", "celery", "--app", "config.celery", "--quiet", "worker",
        "--pool", "threads", "--concurrency", "8", "--loglevel", "WARNING", "--prefetch-multiplier", "1",
        "--without-gossip", "--without-mingle", "--without-heartbeat", grace=20,
    )  # fmt: skip


def beat(environment: Mapping[str, str], data_folder: Path) -> Part:
    """Celery's clock for housekeeping."""
    return _part(
        "beat", environment, "-m", "celery", "--app", "config.beat", "--quiet", "beat",
        "--schedule", str(data_folder / "beat-schedule"), "--pidfile", "", "--loglevel", "WARNING", grace=5,
    )  # fmt: skip


def environment(data_folder: Path, database_url: str, redis_url: str) -> dict[str, str]:
    """Ours, with the servers that were chosen (empty: as it stands), for everything that imports Django."""
    servers = {"DATABASE_URL": database_url, "REDIS_URL": redis_url, "TOCSIN_DATA_DIR": str(data_folder)}
    chosen = {name: value for name, value in servers.items() if value}
    replaced = {f"{name}_FILE" for name in chosen}
    return {
        **{name: value for name, value in os.environ.items() if name not in replaced},
        **chosen,
        "PYTHONUNBUFFERED": "1",
        # Two arenas instead of sixteen: the C library otherwise keeps tens of MB per process for threads.
        "MALLOC_ARENA_MAX": os.environ.get("MALLOC_ARENA_MAX", "2"),
    }


# Celery warns of root because of pickled messages; ours are JSON that hold an id.
_ROOT_IS_FINE = ("-W", "ignore:You're running the worker with superuser privileges")


def _part(name: str, environment: Mapping[str, str], *arguments: str, grace: float) -> Part:
    launch = Launch([sys.executable, *arguments], environment, folder=str(_CODE))
    return Part(name, lambda: launch, grace)
