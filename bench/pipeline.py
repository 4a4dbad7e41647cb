"""From the first POST until the last alert stands in its incident: new ones, repeats, many routes, many stored."""

import asyncio
import itertools
import json
import os
import time
from collections.abc import Sequence

import httpx
import psycopg

from bench import load
from bench.figures import Figures, median
from bench.installation import Bench
from tests.fakes.waiting import wait_for

TURNS = 3
ALERTS = 50_000
PER_REQUEST = 100
SINGLES = 5000
KEYS = 1000  # of repeats
SILENCES = 50
RAW = "PostgreSQL alone: upserts, 1000 a statement (jsonb)"

_numbers = itertools.count(step=1_000_000)  # no turn sees an alert of another's


def grouping(bench: Bench, figures: Figures) -> None:
    """Bodies of a hundred alerts, in turns with the raw upsert, so that both meet the same machine."""
    bench.stack.start("worker")
    bench.warm_up()
    raw, new, repeats, disk = [], [], [], []
    for _ in range(TURNS):
        raw.append(raw_upserts(bench))
        before = _stored_bytes(bench)
        new.append(grouped_per_second(bench, "grouping", _bodies(next(_numbers), ALERTS)))
        disk.append((_stored_bytes(bench) - before) * 100_000 / ALERTS / 1e6)
        first = next(_numbers)
        once = _bodies(first, KEYS)
        grouped_per_second(bench, "grouping", once)
        repeats.append(repeated_per_second(bench, "grouping", once * (ALERTS // KEYS)))
    figures.add(RAW, median(raw), "rows/s")
    ratio = median([ours / theirs for ours, theirs in zip(new, raw, strict=True)])
    figures.compare("alerts grouped, 100 a request", median(new), "alerts/s", bare=RAW, ratio=ratio, at_least=1 / 9)
    figures.add("  alerts a second", median(new), "alerts/s", at_least=10_000)
    ratio = median([again / once for again, once in zip(repeats, new, strict=True)])
    figures.compare(
        "repeats of 1,000 alerts, 100 a request",
        median(repeats),
        "alerts/s",
        bare="alerts grouped, 100 a request",
        ratio=ratio,
        at_least=1,
    )
    figures.add("disk for 100,000 alerts, raw messages included", median(disk), "MB", at_most=200)
    bench.stack.kill("worker")


def singles(bench: Bench, figures: Figures) -> None:
    """One alert a request."""
    bench.stack.start("worker")
    bench.warm_up()
    rates = [
        grouped_per_second(
            bench, "single", [alertmanager(range(start + each, start + each + 1)) for each in range(SINGLES)]
        )
        for start in itertools.islice(_numbers, TURNS)
    ]
    figures.add("alerts grouped, 1 a request", median(rates), "alerts/s", at_least=1500)
    bench.stack.kill("worker")


def routing(bench: Bench, figures: Figures) -> None:
    """The same alerts through one route and no silence, and through 200 conditions and 50 silences.

    Tables grow from one to the next, so what is routed stands between two that are not; and what making silences and
    ending them costs, as whatever fires is looked at anew, is over before.
    """
    bench.stack.start("worker")
    bench.warm_up()
    routed, shares = [], []
    before = grouped_per_second(bench, "grouping", _bodies(next(_numbers), ALERTS))
    for _ in range(TURNS):
        silences = _silence(bench)
        many = grouped_per_second(bench, "routed", _bodies(next(_numbers), ALERTS))
        _end(bench, silences)
        after = grouped_per_second(bench, "grouping", _bodies(next(_numbers), ALERTS))
        routed.append(many)
        shares.append(1 - many * (1 / before + 1 / after) / 2)
        before = after
    figures.add("alerts grouped through 200 routes and 50 silences", median(routed), "alerts/s")
    figures.add("  share of the time that routes and silences cost", 100 * median(shares), "%", at_most=20)
    bench.stack.kill("worker")


def growth(bench: Bench, figures: Figures) -> None:
    """What an alert costs among ten thousand stored ones, and among five million; each beside the raw upsert."""
    bench.stack.start("worker")
    bench.warm_up()
    few, share_of_few = _beside_raw(bench)
    _store(bench, 5_000_000)
    os.sync()  # what storing so many at once leaves to be written is no part of an alert
    many, share_of_many = _beside_raw(bench)
    figures.add("alerts grouped among few stored", few, "alerts/s")
    figures.add("alerts grouped among 5,000,000 stored", many, "alerts/s")
    figures.add("  an alert costs more by", 100 * (share_of_few / share_of_many - 1), "%", at_most=20)
    bench.stack.kill("worker")


def _beside_raw(bench: Bench) -> tuple[float, float]:
    """Alerts a second, and as a share of what PostgreSQL alone does at the same time on the same machine."""
    raw, rates = [], []
    for _ in range(TURNS):
        raw.append(raw_upserts(bench))
        rates.append(grouped_per_second(bench, "grouping", _bodies(next(_numbers), ALERTS)))
    return median(rates), median([ours / theirs for ours, theirs in zip(rates, raw, strict=True)])


def _store(bench: Bench, number: int) -> None:
    """Alerts that are over, of the same integration, as half a year leaves them behind."""
    with psycopg.connect(bench.stack.database_url, autocommit=True) as connection:
        for start in range(0, number, 500_000):
            connection.execute(
                "insert into alerts_alert (integration_id, fingerprint, dedup_key, status, severity, title, description,"
                " labels, annotations, links, count, first_seen_at, last_seen_at, resolved_at, service_id, also_in,"
                " group_key, reasons)"
                " with number as (select number, now() - interval '180 days' * (1 - number / %s::float) as at"
                " from generate_series(%s::bigint, %s) number)"
                " select integration.id, md5(number::text), 'old ' || number, 'resolved', 'warning', 'It was slow', '',"
                """ jsonb_build_object('instance', 'old' || number), '{}', '[]', 1, at, at, at,"""
                " service.id, '{}', 'bench', '{}'"
                " from number, alerts_integration integration, catalog_service service"
                " where integration.name = 'grouping' and service.name = 's0'",
                (number, start, min(number, start + 500_000) - 1),
            )
        connection.execute("vacuum (analyze) alerts_alert")


def raw_upserts(bench: Bench) -> float:
    """What PostgreSQL alone does with whole batches as JSON."""
    alerts = [
        {
            "key": f"k{number}",
            "title": f"Something is slow on host{number}",
            "labels": {"alertname": "Bench", "i": str(number)},
        }
        for number in range(1000)
    ]
    upsert = (
        "insert into bare_alert (key, title, labels) select key || %s, title, labels from"
        " jsonb_to_recordset(%s::jsonb) as given(key text, title text, labels jsonb)"
        " on conflict (key) do update set count = bare_alert.count + 1"
    )
    turn = next(_numbers)
    with psycopg.connect(bench.stack.database_url, autocommit=True) as connection:
        began = time.monotonic()
        for batch in range(40):
            connection.execute(upsert, (f"-{turn + batch}", json.dumps(alerts)))
        return 40 * len(alerts) / (time.monotonic() - began)


def grouped_per_second(bench: Bench, integration: str, bodies: Sequence[bytes]) -> float:
    """How fast these are grouped, each a new alert; none is missing at the end."""
    before = _grouped(bench, integration)
    alerts, rate = _worked_off(bench, integration, bodies)
    assert _grouped(bench, integration) - before == alerts
    return rate


def repeated_per_second(bench: Bench, integration: str, bodies: Sequence[bytes]) -> float:
    """How fast these are counted, each an alert that fires already; none opens anew, and none goes uncounted."""
    total = "select count(*), sum(alert.count) from alerts_alert alert join alerts_integration integration on"
    total += " integration.id = alert.integration_id where integration.name = %s"
    rows, times = bench.stack.sql(total, integration)[0]
    alerts, rate = _worked_off(bench, integration, bodies)
    assert bench.stack.sql(total, integration)[0] == (rows, times + alerts)
    return rate


def _worked_off(bench: Bench, integration: str, bodies: Sequence[bytes]) -> tuple[int, float]:
    alerts = sum(body.count(b'"startsAt"') for body in bodies)
    waiting = "select 1 from alerts_event where status = 'received' limit 1"
    began = time.monotonic()
    asyncio.run(load.post_all(bench.webhook(integration), bodies, connections=16))
    # All are stored by now. Whether one still waits costs next to nothing to ask; counting alerts, or connecting anew
    # each time, would be a load of its own.
    with psycopg.connect(bench.stack.database_url, autocommit=True) as asking:
        wait_for(lambda: not asking.execute(waiting).fetchall(), 300, f"{alerts} alerts to be grouped")
    return alerts, alerts / (time.monotonic() - began)


def _grouped(bench: Bench, integration: str) -> int:
    query = (
        "select count(*) from alerts_alert alert join alerts_integration integration on"
        " integration.id = alert.integration_id where integration.name = %s and alert.incident_id is not null"
    )
    return int(bench.stack.sql(query, integration)[0][0])


def _stored_bytes(bench: Bench) -> int:
    query = (
        "select sum(pg_total_relation_size(oid)) from pg_class where relkind = 'r'"
        " and (relname = 'alerts_alert' or relname like 'alerts\\_event%%' or relname = 'incidents_timelineentry')"
    )
    return int(bench.stack.sql(query)[0][0])


def _silence(bench: Bench) -> list[int]:
    made = []
    for number in range(SILENCES):
        # Two of the twenty clusters are silenced, and what some hosts say: what is silenced costs, too.
        matchers = [f'cluster="c{number + 18}"', 'severity!="info"'] if number % 5 else [f'instance=~"host{number}.*7"']
        wish = {"matchers": matchers, "comment": "bench", "duration": "1h"}
        answer = httpx.post(f"{bench.stack.url}/api/v1/silences/", json=wish, headers=bench.admin, timeout=30)
        assert answer.status_code == 201, answer.text
        made.append(int(answer.json()["id"]))
    _settle(bench)
    return made


def _end(bench: Bench, silences: Sequence[int]) -> None:
    for pk in silences:
        answer = httpx.post(f"{bench.stack.url}/api/v1/silences/{pk}/expire/", headers=bench.admin, timeout=30)
        assert answer.status_code == 200, answer.text
    _settle(bench)


def _settle(bench: Bench) -> None:
    """Wait until all that fires has been looked at for silences that begin or end."""
    due = "select 1 from alerts_silence where due_at <= now() union all"
    due += " select 1 from alerts_mutewatch where due_at <= now() limit 1"
    wait_for(lambda: not bench.stack.sql(due), 300, "what silences change to be looked at")


def _bodies(first: int, number: int) -> list[bytes]:
    return [alertmanager(range(start, start + PER_REQUEST)) for start in range(first, first + number, PER_REQUEST)]


def alertmanager(numbers: range) -> bytes:
    """An Alertmanager body of these alerts."""
    return json.dumps(
        {
            "version": "4",
            "groupKey": "bench",
            "status": "firing",
            "receiver": "bench",
            "groupLabels": {},
            "commonLabels": {},
            "commonAnnotations": {},
            "externalURL": "http://alertmanager.example.com",
            "alerts": [
                {
                    "status": "firing",
                    "labels": {
                        "alertname": "Bench",
                        "severity": "warning",
                        "instance": f"host{number}",
                        "cluster": f"c{number % 20}",
                        "service": f"s{number % 50}",
                    },
                    "annotations": {"summary": f"Something is slow on host{number}", "description": "x" * 160},
                    "startsAt": "2026-01-01T00:00:00Z",
                    "endsAt": "0001-01-01T00:00:00Z",
                    "generatorURL": "http://prometheus.example.com/graph",
                    "fingerprint": f"{number:016x}",
                }
                for number in numbers
            ],
        }
    ).encode()
