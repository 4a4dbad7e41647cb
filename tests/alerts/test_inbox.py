"""What the inbox owes those who wait at it, whatever goes wrong with one of them."""

import asyncio

import pytest

from alerts.receiving.door import connection_parameters
from alerts.receiving.inbox import Inbox, NotStored
from alerts.receiving.letters import Letter, Outcome


@pytest.mark.django_db(transaction=True)
def test_a_letter_that_cannot_be_written_down_does_not_end_the_writer() -> None:
    async def post() -> Outcome:
        inbox = Inbox(connection_parameters)
        inbox.start()
        try:
            with pytest.raises(NotStored):
                await asyncio.wait_for(inbox.put(Letter("key", b"{}", 2, query="\ud800")), 5)
            return await asyncio.wait_for(inbox.put(Letter("nobody's key", b"{}", 2)), 5)
        finally:
            await inbox.stop()

    assert asyncio.run(post()) == Outcome()
