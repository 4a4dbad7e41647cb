"""What the fake Slack and Twilio share: a request becomes a call, may fail by plan, and is written down."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from tests.fakes.faults import Fault, FaultPlan, Rule, ServerError
from tests.fakes.ledger import Ledger
from tests.fakes.serving import Reply, Request, Server
from tests.fakes.tocsin import Tocsin


@dataclass(frozen=True)
class Call:
    """A request understood: what is asked, for whom, and how to do it."""

    name: str
    perform: Callable[[], Reply]
    kind: str = "question"
    to: str = ""
    text: str = ""
    reference: str = ""
    detail: dict[str, Any] = field(default_factory=dict)


class Provider(Protocol):
    """Faults of any provider, here or in another process."""

    def script(self, rule: Rule) -> None: ...
    def heal(self) -> None: ...
    def release(self) -> None: ...


class HttpProvider(ABC):
    """A provider with an HTTP API."""

    name: str

    def __init__(self, *, ledger: Ledger, tocsin: Tocsin, port: int = 0) -> None:
        self.ledger = ledger
        self.tocsin = tocsin
        self.faults = FaultPlan()
        self.server = Server(self.answer, port)

    @abstractmethod
    def understand(self, request: Request) -> Call:
        """What is asked. Refusals (wrong token, unknown method) are calls that answer so."""

    @abstractmethod
    def refusal(self, fault: Fault) -> Reply:
        """How this provider words a fault that it answers."""

    def answer(self, request: Request) -> Reply:
        call = self.understand(request)
        fault = self.faults.take(call.name, call.to)
        if fault is None:
            reply = call.perform()
        elif fault.carried_out and isinstance(fault, ServerError):
            call.perform()  # behind the proxy, which says something else
            reply = self._refused(fault)
        elif fault.carried_out:
            reply = replace(call.perform(), fault=fault, outcome=fault.name)
        else:
            reply = replace(self._refused(fault), fault=fault, accepted=False)
        self.ledger.record(
            provider=self.name,
            call=call.name,
            kind=call.kind,
            to=call.to,
            text=call.text,
            reference=call.reference,
            outcome=reply.outcome,
            accepted=reply.accepted,
            detail=call.detail,
        )
        return reply

    def _refused(self, fault: Fault) -> Reply:
        if isinstance(fault, ServerError):
            page = b"<html><body><h1>Something went wrong</h1></body></html>"
            headers = {"Content-Type": "text/html"}
            if fault.retry_after is not None:
                headers["Retry-After"] = str(fault.retry_after)
            return Reply(fault.status, page, headers, outcome=f"{fault.name} {fault.status}")
        return self.refusal(fault)

    def script(self, rule: Rule) -> None:
        self.faults.add(rule)

    def heal(self) -> None:
        self.faults.clear()

    def release(self) -> None:
        """Lets every hanging request go."""
        self.server.gate.release()

    def close(self) -> None:
        self.server.close()
