"""What taking a batch of steps comes to, written with one statement per table."""

from dataclasses import dataclass, field
from typing import Any

from django.db import connection
from django.db.models import F

from escalation.models import PagedPerson, Run
from incidents import timeline
from incidents.models import Incident, TimelineEntry
from notifications import outbox
from notifications.models import Delivery

# The ORM's bulk_update would send a CASE for every row and column; at a hundred steps a second that is most of the
# time a step takes.
_UPDATE_RUNS = """
update escalation_run as run
set pass_number = new.pass_number, next_step = new.next_step, failures = new.failures,
    found_anyone = new.found_anyone, due_at = new.due_at, status = new.status, reason = new.reason,
    ended_at = new.ended_at
from unnest(
    %s::bigint[], %s::smallint[], %s::smallint[], %s::smallint[],
    %s::boolean[], %s::timestamptz[], %s::text[], %s::text[], %s::timestamptz[]
) as new (id, pass_number, next_step, failures, found_anyone, due_at, status, reason, ended_at)
where run.id = new.id
"""


@dataclass
class Sheet:
    """Rows to write, all of them or none. The transaction holds the locks of the incidents and the runs."""

    runs: list[Run] = field(default_factory=list)
    entries: list[TimelineEntry] = field(default_factory=list)
    paged: list[PagedPerson] = field(default_factory=list)
    deliveries: list[Delivery] = field(default_factory=list)

    def write(self) -> None:
        """Write everything; within an incident the timeline keeps its order."""
        if self.runs:
            self._write_runs()
            changed = {run.incident_id for run in self.runs}
            Incident.objects.filter(pk__in=changed).update(version=F("version") + 1)
        timeline.record_many(self.entries)
        PagedPerson.objects.bulk_create(self.paged)
        if self.deliveries:
            outbox.put(self.deliveries)

    def _write_runs(self) -> None:
        columns: list[Any] = [  # psycopg takes lists as arrays; Django's stubs know only single values
            [run.pk for run in self.runs],
            [run.pass_number for run in self.runs],
            [run.next_step for run in self.runs],
            [run.failures for run in self.runs],
            [run.found_anyone for run in self.runs],
            [run.due_at for run in self.runs],
            [str(run.status) for run in self.runs],
            [run.reason for run in self.runs],
            [run.ended_at for run in self.runs],
        ]
        with connection.cursor() as cursor:
            cursor.execute(_UPDATE_RUNS, columns)
