"""Sends a folder of real payloads through the real door and compares with its INDEX.tsv.

The folder has a sub-folder per source and a table with the columns source, case, expected_status, dedup_identity,
severity_as_source_says, title and content_type. Every payload is sent twice: the second is a duplicate. Where a
firing and a resolved payload speak of the same alerts they open and close one incident.
"""

import csv
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from alerts.parsing.source import Example, severity_of, sources
from alerts.pipeline import turns
from tests.alerts.doorstep import Doorstep, Sender, a_sender
from tests.factories import a_service

# Where a folder is not called as its source is.
SLUGS = {
    "generic_json": "generic",
    "inbound_email": "email",
    "opsgenie_api_v2": "opsgenie",
    "pagerduty_events_v1": "pagerduty",
    "pagerduty_events_v2": "pagerduty",
    "victorops_rest": "victorops",
}
# Words that weigh other with one vendor than with most.
OWN_WORDS = {"azure_monitor": {"Sev1": "error", "Sev3": "info"}}
_NO_PAYLOAD = ("response", "interaction", "reject", "delivery failure", "call not answered")
_STATUSES = {"firing": "firing", "resolved": "resolved", "acknowledged": "acknowledged", "ack": "acknowledged"}


@dataclass(frozen=True)
class Case:
    """One line of the table, with its payload."""

    folder: str
    name: str
    row: Mapping[str, str]
    body: bytes

    @property
    def statuses(self) -> list[str]:
        """The status of each alert; one stands for all."""
        text = self.row["expected_status"].lower()
        named = re.findall(r"alerts\[\d\] (firing|resolved)", text)
        if named:
            return [str(each) for each in named]
        words = [re.split(r"[^a-z]", part)[0] for part in text.removeprefix("both ").split(" then ")]
        return [_STATUSES[word] for word in words if word in _STATUSES]

    @property
    def action(self) -> tuple[str, str] | None:
        """Method and path of an action on an alert, where the table names one."""
        found = re.search(r"\b(POST|PUT|DELETE) /v2/alerts/\{\w+\}(/\w+)", self.row["expected_status"])
        return (found[1], f"/v2/alerts/payload{found[2]}?identifierType=alias") if found else None

    @property
    def keys(self) -> set[str]:
        """Identities the table writes out."""
        text = self.row["dedup_identity"]
        return {*re.findall(r"\b[0-9a-f]{16}\b", text), *re.findall(r"(?:dedup_key|alert_uid)=([^\s\x22]+)", text)}

    @property
    def severity_word(self) -> str | None:
        """The word the source uses; None where it says nothing or the table does not tell."""
        text = self.row["severity_as_source_says"]
        if text == "-" or "absent" in text:
            return None
        word = text.split(",")[0].rpartition("=")[2].split()[0]  # of several the first counts
        return OWN_WORDS.get(self.folder, {}).get(word, word)

    @property
    def title(self) -> str:
        """Empty: any."""
        return self.row["title"].removeprefix("-")


def cases(folder: Path) -> Iterator[Case]:
    """The payloads of the table that are there."""
    with (folder / "INDEX.tsv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file, delimiter="\t"):
            for path in sorted((folder / row["source"]).glob(f"{row['case']}.*")):
                if not row["expected_status"].lower().startswith(_NO_PAYLOAD):
                    yield Case(row["source"], row["case"], row, path.read_bytes())


def check(folder: Path, doorstep: Doorstep) -> tuple[list[str], list[str]]:
    """Lines that tell what went right, and what did not. Needs a database that is ready, and empty."""

    right, wrong = [], []
    known = [case for case in cases(folder) if sources.get(SLUGS.get(case.folder, case.folder)) is not None]
    understood: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for case in known:
        try:
            understood[case.folder, case.name] = _check_one(case, doorstep)
            right.append(f"{case.folder}/{case.name}: {case.row['expected_status']}")
        except AssertionError as problem:
            wrong.append(f"{case.folder}/{case.name}: {problem}")
    for firing, resolved in _pairs(known, understood):
        try:
            _check_pair(firing, resolved, doorstep)
            right.append(f"{firing.folder}/{firing.name} and {resolved.name}: one incident, resolved")
        except AssertionError as problem:
            wrong.append(f"{firing.folder}/{firing.name} and {resolved.name}: {problem}")
    return right, wrong


def _check_one(case: Case, doorstep: Doorstep) -> list[dict[str, Any]]:
    sender = _sender(case, doorstep)
    _send(sender, case)
    counts = [alert.count for alert in sender.alerts()]
    _send(sender, case)
    first, _ = sender.events()[-2:]
    alerts: list[dict[str, Any]] = list(first.understood)
    if not case.statuses:
        assert first.status == "ignored", f"is {first.status} ({first.problem}) and should tell of nothing"
        return []
    assert first.status == "processed", f"is {first.status}: {first.problem}"
    found = [alert["status"] for alert in alerts]
    expected = case.statuses if len(case.statuses) > 1 else case.statuses * len(found)
    assert found == expected, f"says {found} instead of {expected}"
    keys = {alert["dedup_key"] for alert in alerts}
    assert case.keys <= keys, f"is identified by {keys} instead of {case.keys}"
    if case.severity_word is not None and severity_of(case.severity_word):
        severities = {alert["severity"] for alert in alerts}
        assert severities == {severity_of(case.severity_word)}, f"is {severities} instead of {case.severity_word}"
    titles = [alert["title"] for alert in alerts]
    assert _fits(case.title, titles), f"is called {titles} instead of {case.title!r}"
    if keys == {alert.dedup_key for alert in sender.alerts()} and case.action is None:
        again = [alert.count for alert in sender.alerts()]
        assert again == [count + 1 for count in counts], f"is counted {again} when it comes twice"
    return alerts


def _fits(expected: str, titles: list[str]) -> bool:
    parts = [expected, *expected.split(", ")]
    return not expected or any(part in title or title in expected for part in parts for title in titles)


def _pairs(
    known: list[Case], understood: Mapping[tuple[str, str], list[dict[str, Any]]]
) -> Iterator[tuple[Case, Case]]:
    for firing in known:
        for resolved in known:
            if firing.folder != resolved.folder or set(firing.statuses) != {"firing"}:
                continue
            told, ended = (understood.get((case.folder, case.name), []) for case in (firing, resolved))
            same = {alert["dedup_key"] for alert in told} == {alert["dedup_key"] for alert in ended}
            if told and same and set(resolved.statuses) == {"resolved"}:
                yield firing, resolved


def _check_pair(firing: Case, resolved: Case, doorstep: Doorstep) -> None:
    sender = _sender(firing, doorstep)
    _send(sender, firing)
    _send(sender, resolved)
    statuses = [str(incident.status) for incident in sender.incidents()]
    assert set(statuses) == {"resolved"}, f"leaves incidents {statuses}"


def _sender(case: Case, doorstep: Doorstep) -> Sender:
    service = a_service()
    return a_sender(doorstep, SLUGS.get(case.folder, case.folder), service=service, name=f"for {service.name}")


def _send(sender: Sender, case: Case) -> None:
    if case.action is not None:
        _act(sender, case, *case.action)
        return
    kind = case.row.get("content_type") or "application/json"
    body: Any = case.body.decode("utf-8", "replace")
    path, sent = f"/integrations/{sender.integration.source}/{sender.key}/", case.body
    if sender.integration.source in SLUGS.values() and kind == "application/json":
        path, sent = sender.source.request_for(Example(case.name, orjson.loads(body), ()), sender.key)
    answered = sender.doorstep.post(path, sent, {"content-type": kind})
    assert answered.status in (200, 202), f"is answered {answered.status}: {answered.body!r}"
    while turns.run():
        pass


def _act(sender: Sender, case: Case, method: str, path: str) -> None:
    """On an alert that is there, where the table expects that something becomes of it."""
    headers = {"authorization": f"GenieKey {sender.key}"}
    if case.statuses and not sender.alerts():
        sender.doorstep.post("/v2/alerts", {"message": "For an action", "alias": "payload"}, headers)
    answered = sender.doorstep.send(method, path, case.body, headers)
    assert answered.status == 202, f"is answered {answered.status}: {answered.body!r}"
    while turns.run():
        pass
