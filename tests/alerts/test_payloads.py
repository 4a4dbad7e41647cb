"""The check of real payloads finds what is as its table says, and what is not."""

import json
from pathlib import Path

from tests.alerts.doorstep import Doorstep, from_alertmanager, prometheus_alert
from tests.payloads.checking import check

_COLUMNS = ("source", "case", "expected_status", "dedup_identity", "severity_as_source_says", "title", "content_type")


def _folder(path: Path, *lines: tuple[str, ...]) -> Path:
    rows = ["\t".join(_COLUMNS), *("\t".join([*line, "application/json"]) for line in lines)]
    (path / "INDEX.tsv").write_text("\n".join(rows) + "\n")
    bodies = {
        "alertmanager/one": from_alertmanager(prometheus_alert()),
        "alertmanager/over": from_alertmanager(prometheus_alert(status="resolved")),
        "pagerduty_events_v2/change": {"routing_key": "x", "payload": {"summary": "Deployed"}},
        "nobody_knows/this": {},
    }
    for name, body in bodies.items():
        file = path / f"{name}.json"
        file.parent.mkdir(exist_ok=True)
        file.write_text(json.dumps(body))
    return path


def test_what_is_as_its_table_says_is_right_and_pairs_are_tried(doorstep: Doorstep, tmp_path: Path) -> None:
    folder = _folder(
        tmp_path,
        ("alertmanager", "one", "firing", "labelset", "labels.severity=critical", "ReplicaLag"),
        ("alertmanager", "over", "resolved", "labelset", "labels.severity=critical", "ReplicaLag"),
        ("pagerduty_events_v2", "change", "none (change event)", "-", "-", "Deployed"),
        ("nobody_knows", "this", "firing", "-", "-", "-"),
    )

    right, wrong = check(folder, doorstep)

    assert wrong == []
    assert right == [
        "alertmanager/one: firing",
        "alertmanager/over: resolved",
        "pagerduty_events_v2/change: none (change event)",
        "alertmanager/one and over: one incident, resolved",
    ]


def test_what_differs_from_its_table_is_told(doorstep: Doorstep, tmp_path: Path) -> None:
    folder = _folder(
        tmp_path,
        ("alertmanager", "one", "resolved", "labelset", "labels.severity=critical", "ReplicaLag"),
        ("alertmanager", "over", "resolved", "labelset", "labels.severity=info", "ReplicaLag"),
    )

    right, wrong = check(folder, doorstep)

    assert right == []
    assert ["says ['firing']" in wrong[0], "instead of info" in wrong[1]] == [True, True]
