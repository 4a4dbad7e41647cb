"""Which alerts belong together. Pure.

The group key is what people read; the open key, a hash of integration, service and group key, is what at most one open
incident has. The route is in neither: what it names, the service, is.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import NamedTuple

NOT_AT_ALL = "..."  # in place of labels: every alert is a group of its own


class Group(NamedTuple):
    """A group key and the named reason for it: expression, expression_failed, group_by, everything, source_default,
    not_grouped, labels_missing or storm."""

    key: str
    reason: str


def group_of(labels: Mapping[str, str], *, group_by: Sequence[str] | None, default: str, dedup_key: str) -> Group:
    """The group of an alert: by the integration's labels, else as its source groups by default.

    An empty list makes one group of everything. An alert that has none of the labels is a group of its own: to lack
    the same things is nothing in common.
    """
    if group_by is None:
        return Group(default, "source_default") if default else Group(dedup_key, "not_grouped")
    if not group_by:
        return Group("everything", "everything")
    if NOT_AT_ALL in group_by:
        return Group(dedup_key, "not_grouped")
    values = [(name, labels.get(name, "")) for name in group_by]
    if not any(value for _, value in values):
        return Group(dedup_key, "labels_missing")
    return Group(", ".join(f"{name}={value}" for name, value in values), "group_by")


@dataclass(frozen=True, slots=True)
class Window:
    """How long an incident takes in alerts: since it opened, or since the last one joined."""

    length: timedelta
    rolls: bool = False

    def is_over(self, *, opened_at: datetime, joined_at: datetime | None, at: datetime) -> bool:
        """Whether an alert of this moment comes too late."""
        since = joined_at if self.rolls and joined_at is not None else opened_at
        return at - since > self.length


def open_key(integration_id: int, service_id: int, group_key: str) -> str:
    """The opaque identity of a group's open incident: 64 hexadecimal digits."""
    reckon = _remembered_key if len(group_key) <= _LONGEST_REMEMBERED else _open_key
    return reckon(integration_id, service_id, group_key)


def _open_key(integration_id: int, service_id: int, group_key: str) -> str:
    return hashlib.sha256(f"{integration_id}\n{service_id}\n{group_key}".encode()).hexdigest()


_LONGEST_REMEMBERED = 1000  # characters: a sender's group key may be megabytes
_remembered_key = lru_cache(maxsize=10_000)(_open_key)


def fingerprint(dedup_key: str) -> str:
    """The identity of an alert within its integration, at a fixed length: 32 hexadecimal digits."""
    return hashlib.blake2b(dedup_key.encode(), digest_size=16).hexdigest()
