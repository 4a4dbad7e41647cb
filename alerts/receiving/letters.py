"""What the inbox commits: raw messages under their keys, a group of them in one statement on a kept connection."""

import asyncio
import contextlib
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
import psycopg
from psycopg import AsyncConnection

from core import clock

LONGEST_COMMIT = 8.0  # seconds

# Bodies go over in binary (%b): as text they would be twice as long and several times as slow. All else goes as one
# JSON value, which costs this process a fraction of an array for each column.
_INSERT = """
with sent as (
    select *, decode(hash, 'hex') as key_hash
    from rows from (
        jsonb_to_recordset(%(letters)s::jsonb) as (
            hash text, source text, content_type text, headers jsonb, query text, body_size int, marks jsonb
        ),
        unnest(%(bodies)b::bytea[])
    ) with ordinality as item(hash, source, content_type, headers, query, body_size, marks, body, place)
), known as materialized (
    select sent.*, integration.id as integration_id, integration.is_active,
        case when integration.is_active then nextval('alerts_event_id_seq') end as event_id
    from (select * from sent order by place) as sent
    join alerts_integration as integration using (key_hash)
), stored as (
    insert into alerts_event (
        id, integration_id, received_at, due_at, source, content_type, headers, query, body, body_size, marks
    )
    select event_id, integration_id, moment, moment, source, content_type, headers, query, body, body_size, marks
    from known, (select clock_timestamp() + %(moved)s::interval as moment) as now
    where is_active
)
select place, event_id from known
"""


@dataclass(frozen=True, slots=True)
class Letter:
    """One raw message under its key. Texts hold no NUL: PostgreSQL would refuse the whole group for it."""

    key: str
    body: bytes
    body_size: int
    source: str = ""
    content_type: str = ""
    headers: dict[str, str] | None = None
    query: str = ""
    marks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a letter: stored under this id, or refused."""

    event_id: int | None = None
    is_known: bool = False


def hashed(key: str) -> bytes:
    """What is kept of an integration's key: keys are long and random, so one round of SHA-256 is enough."""
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).digest()


class Writer:
    """A kept connection that is made anew when it is lost."""

    def __init__(self, connection: Callable[[], dict[str, Any]]) -> None:
        self._parameters = connection
        self._open: AsyncConnection[tuple[Any, ...]] | None = None

    async def insert(self, letters: Sequence[Letter]) -> list[Outcome]:
        """The outcome of each, committed. Raises psycopg's errors, OSError, TimeoutError."""
        outcomes = [Outcome()] * len(letters)
        for place, event_id in await self.ask(_INSERT, _parameters(letters)):
            outcomes[place - 1] = Outcome(event_id, is_known=True)
        return outcomes

    async def ask(self, statement: str, parameters: dict[str, Any]) -> list[tuple[Any, ...]]:
        """The rows a statement returns, committed. Raises psycopg's errors, OSError, TimeoutError."""
        was_open = self._open is not None
        try:
            return await self._ask(statement, parameters)
        except psycopg.OperationalError:
            # A connection kept over a restart of the database fails at its first use: try once on a new one.
            if not was_open or self._open is not None:
                raise
            return await self._ask(statement, parameters)

    async def __aenter__(self) -> "Writer":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._close()

    async def _close(self) -> None:
        connection, self._open = self._open, None
        if connection is not None:
            with contextlib.suppress(psycopg.Error, OSError):
                await connection.close()

    async def _ask(self, statement: str, parameters: dict[str, Any]) -> list[tuple[Any, ...]]:
        try:
            async with asyncio.timeout(LONGEST_COMMIT):
                if self._open is None:
                    self._open = await AsyncConnection.connect(autocommit=True, **self._parameters())
                cursor = await self._open.execute(statement, parameters, binary=True)
                return await cursor.fetchall()
        except (psycopg.OperationalError, OSError, TimeoutError):
            await self._close()
            raise


def _parameters(letters: Sequence[Letter]) -> dict[str, Any]:
    described = [
        {
            "hash": hashed(each.key).hex(),
            "source": each.source,
            "content_type": each.content_type,
            "headers": each.headers,
            "query": each.query,
            "body_size": each.body_size,
            "marks": each.marks,
        }
        for each in letters
    ]
    return {
        "letters": orjson.dumps(described).decode(),
        "bodies": [each.body for each in letters],
        "moved": clock.moved(),
    }
