"""Commits signs of life as they come, whatever waits in one statement, and shows that a door is open to them.

A ping writes its moment into the heartbeat's row before it is answered, so that no queue can make it late. Where it is
news (the first one, or one of a heartbeat that was missed) the engine is asked to look at once.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
import structlog

from alerts.parsing.mend import clean_text
from alerts.receiving.entrance import Ping
from alerts.receiving.inbox import NotStored
from alerts.receiving.letters import Writer, hashed
from core import clock, doorbell

log = structlog.get_logger(__name__)

LARGEST_GROUP = 500
MOST_WAITING = 20_000
ATTEND_EVERY = 10.0  # seconds

# Rows are locked in order, so that two doors cannot wait for one another. What is to be looked at once is due a second
# before: clocks that differ by less shall not put it off.
_BEAT = """
with sent as (
    select place, decode(hash, 'hex') as key_hash, is_integration, name
    from jsonb_to_recordset(%(pings)s::jsonb) as (place int, hash text, is_integration boolean, name text)
), found as materialized (
    select sent.place, heartbeat.id from sent
    join alerts_heartbeat as heartbeat on heartbeat.key_hash = sent.key_hash
    where not sent.is_integration
    union all
    select sent.place, heartbeat.id from sent
    join alerts_integration as integration on integration.key_hash = sent.key_hash
    join alerts_heartbeat as heartbeat on heartbeat.integration_id = integration.id
    where sent.is_integration and sent.name in ('', heartbeat.name)
), locked as materialized (
    select id from alerts_heartbeat where id in (select id from found) order by id for no key update
), beaten as (
    update alerts_heartbeat as heartbeat set
        last_ping_at = moment,
        reason = case heartbeat.state when 'alive' then 'pinged' else heartbeat.reason end,
        due_at = case heartbeat.state
            when 'alive' then moment + heartbeat.period + heartbeat.grace
            when 'paused' then null
            else moment - interval '1 second' end
    from locked, (select clock_timestamp() + %(moved)s::interval as moment) as now
    where heartbeat.id = locked.id
    returning heartbeat.id, heartbeat.state
)
select place, bool_or(state in ('waiting', 'missed')) from found join beaten using (id) group by place
"""
_ATTEND = """
insert into alerts_attendance (who, at) values ('door', clock_timestamp())
on conflict (who) do update set at = excluded.at
returning 1
"""


@dataclass(slots=True)
class _Waiting:
    ping: Ping
    done: asyncio.Future[bool]


class Pings:
    """The queue of one event loop. Its writer begins with the first ping, or with `attend`."""

    def __init__(self, connection: Callable[[], dict[str, Any]]) -> None:
        self._connection = connection
        self._waiting: list[_Waiting] = []
        self._came = asyncio.Event()
        self._leaving = False
        self._attends = False
        self._writer: asyncio.Task[None] | None = None

    def attend(self) -> None:
        """Show from now on that pings can come in."""
        self._attends = True
        self._start()

    async def put(self, ping: Ping) -> bool:
        """Wait until it is committed. False where no heartbeat is meant by it. Raises NotStored."""
        if self._leaving or len(self._waiting) >= MOST_WAITING:
            raise NotStored
        self._start()
        done: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Waiting(ping, done))
        self._came.set()
        return await done

    async def stop(self) -> None:
        """Commit what waits, then leave."""
        self._leaving = True
        self._came.set()
        writer, self._writer = self._writer, None
        if writer is not None:
            await asyncio.wait([writer], timeout=10)
            writer.cancel()
            await asyncio.gather(writer, return_exceptions=True)
        self._leaving = False

    def _start(self) -> None:
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write())

    async def _write(self) -> None:
        async with Writer(self._connection) as writer:
            while self._waiting or not self._leaving:
                self._came.clear()
                if self._attends:
                    await self._show(writer)
                while self._waiting:
                    group, self._waiting = self._waiting[:LARGEST_GROUP], self._waiting[LARGEST_GROUP:]
                    await self._commit(writer, group)
                if not self._leaving:
                    await self._rest()

    async def _rest(self) -> None:
        try:
            async with asyncio.timeout(ATTEND_EVERY if self._attends else None):
                await self._came.wait()
        except TimeoutError:
            pass

    async def _show(self, writer: Writer) -> None:
        try:
            await writer.ask(_ATTEND, {})
        except Exception as trouble:  # noqa: BLE001  the next sign is tried in its turn
            log.warning("pings.not_attending", reason=type(trouble).__name__)

    async def _commit(self, writer: Writer, group: Sequence[_Waiting]) -> None:
        try:
            rows = dict(await writer.ask(_BEAT, _parameters([each.ping for each in group])))
        except Exception as trouble:  # noqa: BLE001  whatever it was: they come again, and without a writer nobody would
            log.warning("pings.not_stored", pings=len(group), reason=type(trouble).__name__)
            for each in group:
                if not each.done.done():
                    each.done.set_exception(NotStored())
            return
        for place, each in enumerate(group):
            if not each.done.done():
                each.done.set_result(place in rows)
        if any(rows.values()):
            doorbell.press("heartbeats")


def _parameters(pings: Sequence[Ping]) -> dict[str, Any]:
    described = [
        {
            "place": place,
            "hash": hashed(each.key).hex(),
            "is_integration": each.is_integration,
            "name": clean_text(each.name)[0],
        }
        for place, each in enumerate(pings)
    ]
    return {"pings": orjson.dumps(described).decode(), "moved": clock.moved()}
