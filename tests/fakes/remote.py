"""The same words for fakes that run in another process: `connect(control_url)` or `process()`."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

import httpx

from tests.fakes.carriers import Carriers
from tests.fakes.faults import Rule
from tests.fakes.ledger import Entries, Entry
from tests.fakes.mail import Mail
from tests.fakes.receipts import Receipts
from tests.fakes.slack import Slack
from tests.fakes.slack_workspace import SlackMessage, Version
from tests.fakes.sms import Sms
from tests.fakes.smtp_server import MailMessage
from tests.fakes.tocsin import Answer, Caller
from tests.fakes.twilio_calls import PhoneCall
from tests.fakes.twilio_texts import TextMessage
from tests.fakes.voice import Voice


class Wire:
    """The connection to a control server."""

    def __init__(self, url: str) -> None:
        self._http = httpx.Client(base_url=url, timeout=30, trust_env=False)

    def get(self, path: str) -> Any:
        return _read(self._http.get(path))

    def post(self, path: str, **values: Any) -> Any:
        return _read(self._http.post(path, json=values))

    def close(self) -> None:
        self._http.close()


def _read(response: httpx.Response) -> Any:
    if response.is_success:
        return response.json()
    said = response.json()["error"]
    raise LookupError(said) if response.status_code == 404 else ValueError(said)


class _Remote:
    def __init__(self, wire: Wire, name: str) -> None:
        self._wire = wire
        self._name = name

    def _do(self, act: str, **arguments: Any) -> Any:
        return self._wire.post("/__act__", provider=self._name, act=act, args=arguments)

    def _answer(self, act: str, **arguments: Any) -> Answer:
        return Answer(**self._do(act, **arguments))

    def script(self, rule: Rule) -> None:
        values = asdict(rule) | {"with": rule.fault.to_json(), "provider": self._name}
        del values["fault"]
        self._wire.post("/__faults__", **values)

    def heal(self) -> None:
        self._do("heal")

    def release(self) -> None:
        self._do("release")


class RemoteSlack(_Remote):
    def messages(self, to: str) -> list[SlackMessage]:
        return [_slack_message(values) for values in self._do("messages", to=to)]

    def views(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._do("views")
        return found

    def add_member(self, user: str, email: str = "", name: str = "") -> None:
        self._do("add_member", user=user, email=email, name=name)

    def press(self, channel: str, ts: str, label: str, *, by: str, old: int = -1, **forged: Any) -> Answer:
        return self._answer("press", channel=channel, ts=ts, label=label, by=by, old=old, **forged)

    def interact(self, payload: dict[str, Any], **forged: Any) -> Answer:
        return self._answer("interact", payload=payload, **forged)

    def command(self, user: str, command: str, text: str, **forged: Any) -> Answer:
        return self._answer("command", user=user, command=command, text=text, **forged)

    def event(self, event: dict[str, Any], **forged: Any) -> Answer:
        return self._answer("event", event=event, **forged)

    def replay(self) -> Answer:
        return self._answer("replay")

    def unfurl(self, to: str) -> list[Answer]:
        return [Answer(**values) for values in self._do("unfurl", to=to)]


def _slack_message(values: dict[str, Any]) -> SlackMessage:
    versions = tuple(Version(**version) for version in values.pop("versions"))
    return SlackMessage(**values, versions=versions)


class RemoteTwilio(_Remote):
    def messages(self, to: str) -> list[TextMessage]:
        return [TextMessage(**values) for values in self._do("messages", to=to)]

    def receive_with(self, receipts: Receipts, next: int | None = None, to: str | None = None) -> None:  # noqa: A002
        self._do("receive_with", receipts=asdict(receipts), next=next, to=to)

    def send_receipt(self, sid: str, status: str, error_code: int | None = None, **forged: Any) -> Answer:
        return self._answer("send_receipt", sid=sid, status=status, error_code=error_code, **forged)

    def settle(self, *, early: bool = False) -> int:
        return int(self._do("settle", early=early))

    def is_settled(self) -> bool:
        return bool(self._do("is_settled"))

    def reply(self, number: str, text: str, **forged: Any) -> Answer:
        return self._answer("reply", number=number, text=text, **forged)

    def replay(self) -> Answer:
        return self._answer("replay")

    def calls_to(self, number: str) -> list[PhoneCall]:
        return [_phone_call(values) for values in self._do("calls_to", number=number)]

    def pick_up(self, number: str, answered_by: str | None = None) -> Answer:
        return self._answer("pick_up", number=number, answered_by=answered_by)

    def press_keys(self, number: str, keys: str, **forged: Any) -> Answer:
        return self._answer("press_keys", number=number, keys=keys, **forged)

    def stay_silent(self, number: str) -> None:
        self._do("stay_silent", number=number)

    def hang_up(self, number: str, status: str = "completed") -> None:
        self._do("hang_up", number=number, status=status)


def _phone_call(values: dict[str, Any]) -> PhoneCall:
    values |= {name: tuple(values[name]) for name in ("events", "said", "rest")}
    return PhoneCall(**values)


class RemoteMail(_Remote):
    def messages(self, to: str) -> list[MailMessage]:
        return [MailMessage(**values) for values in self._do("messages", to=to)]

    def follow(self, to: str, number: int, label: str) -> Answer:
        return self._answer("follow", to=to, number=number, label=label)

    def prefetch(self, to: str) -> list[Answer]:
        return [Answer(**values) for values in self._do("prefetch", to=to)]


class RemoteLedger(Entries):
    """Fetches only what is new at each question."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._known: list[Entry] = []

    @property
    def entries(self) -> list[Entry]:
        since = self._known[-1].number if self._known else 0
        self._known += [Entry(**values) for values in self._wire.get(f"/__ledger__?since={since}")]
        return list(self._known)

    def forget(self) -> None:
        self._known.clear()


class RemoteHome:
    def __init__(self, wire: Wire, ledger: RemoteLedger) -> None:
        self._wire = wire
        self._ledger = ledger

    @property
    def environment(self) -> dict[str, str]:
        found: dict[str, str] = self._wire.get("/__environment__")
        return found

    def point_at(self, base_url: str, public_url: str = "", *, call: Caller | None = None) -> None:
        if call is not None:
            raise ValueError("Another process cannot call back into this one: fakes.start() runs in this one.")
        self._wire.post("/__tocsin__", base_url=base_url, public_url=public_url)

    def shift_clock(self, seconds: float) -> None:
        self._wire.post("/__tocsin__", shift=seconds)

    def reset(self) -> None:
        self._wire.post("/__reset__")
        self._ledger.forget()

    def close(self) -> None:
        self._wire.close()


def connect(control_url: str) -> Carriers:
    """Fakes that somebody else started; closing them leaves their process alone."""
    wire = Wire(control_url)
    ledger, twilio = RemoteLedger(wire), RemoteTwilio(wire, "sms")
    return Carriers(
        slack=Slack(RemoteSlack(wire, "slack")),
        sms=Sms(twilio),
        voice=Voice(twilio),
        mail=Mail(RemoteMail(wire, "email")),
        ledger=ledger,
        home=RemoteHome(wire, ledger),
    )


@contextmanager
def process(*options: str) -> Iterator[Carriers]:
    """Fakes in a process of their own (`python -m tests.fakes`), which ends with the block, or with this process."""
    command = [sys.executable, "-m", "tests.fakes", "--with-parent", *options]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as running:
        assert running.stdout is not None
        try:
            with connect(json.loads(running.stdout.readline())["control_url"]) as carriers:
                yield carriers
        finally:
            running.send_signal(signal.SIGTERM)
            running.wait(10)
