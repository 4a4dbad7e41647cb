"""The fakes of this process, ruled over HTTP by tests and benchmarks in another.

GET  /__ledger__?since=0                                          entries numbered higher than `since`
POST /__faults__  {"provider": "slack", "with": {"fault": "RateLimited", "retry_after": 30}, "next": 2}
POST /__act__     {"provider": "slack", "to": "U0ADA", "act": "press", "args": {"button": "Acknowledge"}}
POST /__tocsin__  {"base_url": "http://127.0.0.1:8000", "public_url": "https://tocsin.example", "shift": 0}
POST /__reset__   {}
"""

import json
from collections.abc import Callable
from dataclasses import asdict, is_dataclass
from typing import Any

from tests.fakes import faults
from tests.fakes.carriers import Fakes, held
from tests.fakes.mail import Mail
from tests.fakes.receipts import Receipts
from tests.fakes.serving import Reply, Request, Server
from tests.fakes.slack import Slack
from tests.fakes.slack_server import FakeSlack
from tests.fakes.sms import Sms
from tests.fakes.smtp_server import FakeMail
from tests.fakes.twilio_server import FakeTwilio
from tests.fakes.voice import Voice

# What a person does, by the words of the inboxes ...
_BY_PEOPLE = {
    "slack": {"press", "command", "unfurl", "replay"},
    "sms": {"reply", "send_receipt", "replay"},
    "voice": {"pick_up", "voicemail", "press", "stay_silent", "hang_up", "decline"},
    "email": {"follow", "prefetch"},
}
# ... and what the providers of `remote` ask for.
_COMMON = {"messages", "heal", "release"}
_OF_TWILIO = {"settle", "is_settled", "receive_with", "send_receipt", "reply", "replay"}
_OF_CALLS = {"calls_to", "pick_up", "press_keys", "stay_silent", "hang_up"}
_BY_PROVIDERS = {
    "slack": _COMMON | {"views", "add_member", "press", "interact", "command", "event", "replay", "unfurl"},
    "sms": _COMMON | _OF_TWILIO | _OF_CALLS,
    "email": _COMMON | {"follow", "prefetch"},
}


class Control:
    def __init__(self, fakes: Fakes, port: int = 0) -> None:
        self._fakes = fakes
        carriers = held(fakes)
        self._carriers: dict[str, Slack | Sms | Voice | Mail] = {
            "slack": carriers.slack,
            "sms": carriers.sms,
            "voice": carriers.voice,
            "email": carriers.mail,
        }
        self._providers: dict[str, FakeSlack | FakeTwilio | FakeMail] = {
            "slack": fakes.slack,
            "sms": fakes.twilio,
            "email": fakes.mail,
        }
        self._paths: dict[str, Callable[[Request], object]] = {
            "/__ledger__": self._ledger,
            "/__environment__": lambda request: fakes.environment,
            "/__faults__": self._fail,
            "/__act__": self._act,
            "/__tocsin__": self._point,
            "/__reset__": lambda request: fakes.reset(),
        }
        self.server = Server(self._answer, port)

    def close(self) -> None:
        self.server.close()

    def _answer(self, request: Request) -> Reply:
        if request.path not in self._paths:
            return _json({"error": f"There is only {', '.join(self._paths)}."}, 404)
        try:
            return _json(self._paths[request.path](request))
        except (LookupError, TypeError, ValueError) as error:
            return _json({"error": f"{type(error).__name__}: {error}"}, 404 if isinstance(error, LookupError) else 400)

    def _ledger(self, request: Request) -> object:
        since = int(request.query.get("since", ["0"])[0])
        return [entry for entry in self._fakes.ledger.entries if entry.number > since]

    def _fail(self, request: Request) -> object:
        wanted = json.loads(request.body)
        provider, fault = self._providers[wanted.pop("provider")], faults.from_json(wanted.pop("with"))
        provider.script(faults.Rule(fault, **wanted))
        return None

    def _point(self, request: Request) -> object:
        wanted = json.loads(request.body)
        if "base_url" in wanted:
            self._fakes.point_at(wanted["base_url"], wanted.get("public_url", ""))
        if "shift" in wanted:
            self._fakes.shift_clock(wanted["shift"])
        return None

    def _act(self, request: Request) -> object:
        wanted = json.loads(request.body)
        name, act, arguments = wanted["provider"], wanted["act"], wanted.get("args", {})
        allowed = (_BY_PEOPLE if "to" in wanted else _BY_PROVIDERS)[name]
        if act not in allowed:
            raise LookupError(f"{name} can only {', '.join(sorted(allowed))}.")
        if "to" in wanted:
            return getattr(self._carriers[name].to(wanted["to"]), act)(**arguments)
        if "receipts" in arguments:
            arguments["receipts"] = Receipts(**arguments["receipts"])
        return getattr(self._providers[name], act)(**arguments)


def _json(result: object, status: int = 200) -> Reply:
    body = json.dumps(result, default=_plain).encode()
    return Reply(status, body, {"Content-Type": "application/json"})


def _plain(value: object) -> dict[str, Any]:
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    raise TypeError(f"{type(value).__name__} cannot be sent.")
