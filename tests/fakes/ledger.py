"""The append-only record of everything the providers were asked, with the outcome each request was given.

Written before the answer leaves, so whoever has an answer finds its entry. Times come from the machine's two clocks;
the monotonic one can be compared across processes of one machine.
"""

import json
import threading
import time
from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Callable, Hashable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from tests.fakes.waiting import PATIENCE, wait_for

PAGES = ("message", "mail", "call")


@dataclass(frozen=True)
class Entry:
    """One thing that happened. `accepted`: the provider did it, whatever the sender was told."""

    number: int
    at: float
    monotonic: float
    provider: str
    call: str
    kind: str
    to: str
    text: str
    reference: str
    outcome: str
    accepted: bool
    detail: dict[str, Any] = field(default_factory=dict)

    @property
    def identity(self) -> str:
        """What makes two sends the same: the sender's own reference, or the text where it gave none."""
        return self.reference or self.text


class Entries(ABC):
    """Questions to a ledger, here or in another process."""

    @property
    @abstractmethod
    def entries(self) -> list[Entry]:
        """All entries so far, oldest first."""

    def where(self, **wanted: object) -> list[Entry]:
        """Entries whose fields equal all of `wanted`: `where(provider="sms", accepted=True)`."""
        return [entry for entry in self.entries if all(getattr(entry, key) == wanted[key] for key in wanted)]

    @property
    def pages(self) -> list[Entry]:
        """What reached a person's device or mailbox: messages, mails and calls that were accepted."""
        return [entry for entry in self.entries if entry.accepted and entry.kind in PAGES]

    def duplicates(self, by: Callable[[Entry], Hashable] | None = None) -> list[list[Entry]]:
        """Groups of two or more pages to one address with one identity (or with the same `by`)."""
        groups: dict[Hashable, list[Entry]] = defaultdict(list)
        for entry in self.pages:
            groups[by(entry) if by else (entry.provider, entry.to, entry.identity)].append(entry)
        return [group for group in groups.values() if len(group) > 1]

    def wait_for_pages(self, count: int, timeout: float = PATIENCE) -> list[Entry]:
        """The pages, once there are at least `count`."""
        wait_for(lambda: len(self.pages) >= count, timeout, f"{count} pages")
        return self.pages


class Ledger(Entries):
    """The ledger of this process, optionally copied line by line into a JSONL file."""

    def __init__(self, file: Path | None = None) -> None:
        self._lock = threading.Lock()
        self._entries: list[Entry] = []
        self._numbered = 0
        self._file = file.open("a", encoding="utf-8") if file else None

    @property
    def entries(self) -> list[Entry]:
        with self._lock:
            return list(self._entries)

    def record(
        self,
        *,
        provider: str,
        call: str,
        kind: str,
        to: str,
        text: str = "",
        reference: str = "",
        outcome: str = "accepted",
        accepted: bool = True,
        detail: dict[str, Any] | None = None,
    ) -> Entry:
        with self._lock:
            self._numbered += 1
            entry = Entry(
                number=self._numbered,
                at=time.time(),
                monotonic=time.monotonic(),
                provider=provider,
                call=call,
                kind=kind,
                to=to,
                text=text,
                reference=reference,
                outcome=outcome,
                accepted=accepted,
                detail=detail or {},
            )
            self._entries.append(entry)
            if self._file:
                self._file.write(json.dumps(asdict(entry)) + "\n")
                self._file.flush()
        return entry

    def clear(self) -> None:
        """Between tests; the numbering goes on and a file keeps its lines."""
        with self._lock:
            self._entries.clear()

    def close(self) -> None:
        if self._file:
            self._file.close()
