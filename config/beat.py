"""What beat sends and when. Housekeeping only: nothing that a page depends on waits for it.

An application of its own that knows names and times but no Django: as one process more on every machine it is half
as large so. The tasks themselves are in `config.celery`.
"""

from celery import Celery
from celery.schedules import crontab

from config import env

app = Celery("tocsin-beat", broker=env.redis_url() or "memory://", fixups=[])
app.conf.update(
    beat_schedule={
        "clear-sessions": {
            "task": "tocsin.clear_sessions",
            "schedule": crontab(hour="3", minute="17"),
            "options": {"expires": 3600},
        },
    },
    beat_scheduler="config.alive:Scheduler",
    beat_max_loop_interval=10,
    broker_transport_options={"socket_timeout": 2, "socket_connect_timeout": 1},
    task_default_queue="tocsin",
    timezone="UTC",
)
