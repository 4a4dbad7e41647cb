"""The figures that come from the database, collected at the moment somebody asks for them."""

from collections.abc import Iterator

from django.db import Error, ProgrammingError
from django.db.models import Count, Q, Sum
from prometheus_client import REGISTRY, CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from alerts.models import Storm
from core import clock
from incidents.models import Incident
from notifications.models import Delivery
from notifications.states import Status
from web import figures, findings, problems

_NO_SUCH_TABLE = "42P01"  # https://www.postgresql.org/docs/current/errcodes-appendix.html


class FromDatabase(Collector):
    """Asks the database; where it does not answer, only `tocsin_database_up 0` is told."""

    def collect(self) -> Iterator[Metric]:
        """Each figure, now."""
        try:
            found = [*_lateness(), _engines(), _open_incidents(), _unsent(), *_storms(), _problems(), *_counted()]
        except Error:
            yield _database_up(is_up=False)
            return
        yield _database_up(is_up=True)
        yield GaugeMetricFamily(
            "tocsin_clock_offset_seconds", "Database's clock minus this machine's", value=clock.offset().total_seconds()
        )
        yield from found


class _Down(Collector):
    def collect(self) -> Iterator[Metric]:
        yield _database_up(is_up=False)


def _database_up(*, is_up: bool) -> Metric:
    return GaugeMetricFamily("tocsin_database_up", "Whether the database answers", value=int(is_up))


def without_database() -> CollectorRegistry:
    """That the database does not answer, and nothing else: what may be told to anybody."""
    alone = CollectorRegistry()
    alone.register(_Down())
    return alone


def registry() -> CollectorRegistry:
    """The figures of this process and those of the database."""
    both = CollectorRegistry()
    both.register(REGISTRY)
    both.register(FromDatabase())
    return both


def _counted() -> list[Metric]:
    try:
        return list(figures.told())
    except ProgrammingError as trouble:
        if getattr(trouble.__cause__, "sqlstate", None) != _NO_SUCH_TABLE:
            raise
        return []  # it comes with the next `prepare`: the rest is told meanwhile


def _lateness() -> Iterator[Metric]:
    family = GaugeMetricFamily(
        "tocsin_oldest_due_seconds", "How late the oldest due row of a lane is; 0 where none is late", labels=["lane"]
    )
    for lane, late in findings.oldest_due().items():
        family.add_metric([lane], late.total_seconds())
    yield family


def _engines() -> Metric:
    connections, quiet = findings.engines()
    family = GaugeMetricFamily(
        "tocsin_engine_quiet_seconds", "Since an engine last asked the database anything; absent: none is connected"
    )
    if connections:
        family.add_metric([], max(0.0, quiet.total_seconds()))
    return family


def _open_incidents() -> Metric:
    family = GaugeMetricFamily("tocsin_open_incidents", "Incidents that are not resolved", labels=["status"])
    for row in Incident.objects.open().order_by().values("status").annotate(found=Count("pk")):
        family.add_metric([row["status"]], row["found"])
    return family


def _unsent() -> Metric:
    family = GaugeMetricFamily("tocsin_unsent_deliveries", "Deliveries that have not gone out yet", labels=["channel"])
    unsent = Delivery.objects.filter(status__in=[Status.QUEUED, Status.SENDING, Status.UNKNOWN])
    for row in unsent.order_by().values("channel").annotate(number=Count("pk")):
        family.add_metric([row["channel"]], row["number"])
    return family


def _storms() -> Iterator[Metric]:
    labels = ["integration", "service"]
    now = GaugeMetricFamily("tocsin_storm_groups", "Groups of alerts gathered by the storms that are on", labels=labels)
    ever = CounterMetricFamily("tocsin_storm_groups_total", "Groups of alerts gathered by all storms", labels=labels)
    storms = Storm.objects.order_by("integration__name", "service__name")
    gathered = storms.values_list("integration__name", "service__name").annotate(
        in_all=Sum("groups"), in_those_on=Sum("groups", filter=Q(ended_at=None))
    )
    for integration, service, in_all, in_those_on in gathered:
        ever.add_metric([integration, service], in_all)
        if in_those_on is not None:
            now.add_metric([integration, service], in_those_on)
    yield from (now, ever)


def _problems() -> Metric:
    family = GaugeMetricFamily("tocsin_problems", "What went wrong in the last seven days, by kind", labels=["kind"])
    for kind, number in problems.counts().items():
        family.add_metric([kind], number)
    return family
