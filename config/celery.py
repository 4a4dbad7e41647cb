"""The Celery application: its workers carry the engine, its messages are doorbells, `config.beat` sends the rest."""

import os
from importlib import import_module
from typing import Any

from celery import Celery, bootsteps

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

from django.conf import settings

from config import alive
from core import doorbell
from core.engine import Engine

app = Celery("tocsin", broker=settings.REDIS_URL or "memory://")
app.conf.update(
    task_ignore_result=True,
    # In a child of Celery's default pool there is no engine to wake: it would publish every doorbell again, endlessly.
    worker_pool="threads",
    worker_prefetch_multiplier=1,
    worker_hijack_root_logger=False,
    worker_cancel_long_running_tasks_on_connection_loss=False,
    broker_connection_retry_on_startup=True,
    broker_transport_options={"socket_timeout": 2, "socket_connect_timeout": 1, "visibility_timeout": 60},
    accept_content=["json"],
    timezone="UTC",
    task_default_queue="tocsin",
)
app.autodiscover_tasks(related_name="tasks")


@app.task(name="tocsin.doorbell", expires=30)
def ring(lane: str, pk: int | None = None) -> None:
    """Wake a lane of the engine that lives in this worker."""
    doorbell.press(lane, pk)


@app.task(name="tocsin.clear_sessions")
def clear_sessions() -> None:
    """Forget sign-ins that have run out, and failed ones that no limit counts. Sent by beat (see `config.beat`)."""
    import_module(settings.SESSION_ENGINE).SessionStore.clear_expired()
    import_module("web.sign_in_limits").forget_old()


def publish(lane: str, pk: int | None) -> None:
    """Send the doorbell to a worker; raises whatever the broker's client raises."""
    ring.apply_async((lane, pk), retry=False)


if settings.REDIS_URL:
    doorbell.connect(publish)


class EngineStep(bootsteps.StartStopStep):
    """The engine as a part of every worker. After the pool, so that it starts when tasks could."""

    requires = ("celery.worker.components:Pool",)

    def __init__(self, parent: Any, **options: Any) -> None:
        self.engine: Engine | None = None
        self.figures: Any = None  # a `Keeper`: its module needs the apps loaded, which this one is there before
        super().__init__(parent, **options)

    def start(self, parent: Any) -> None:
        self.engine = Engine()
        self.engine.start()
        self.figures = import_module("web.figures").Keeper()
        self.figures.start()
        alive.keep_signing("worker", self.engine.silence)

    def stop(self, parent: Any) -> None:
        if self.engine is not None:
            self.engine.stop()
        if self.figures is not None:
            self.figures.stop()

    terminate = stop


app.steps["worker"].add(EngineStep)
