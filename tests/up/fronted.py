"""The web server in this process, and somebody who writes to it piece by piece."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from config import front
from tests.stack import free_port


@asynccontextmanager
async def serving() -> AsyncIterator[int]:
    """The port of a server that runs until the block ends."""
    server = front.server("127.0.0.1", free_port())
    serving = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    try:
        yield server.config.port
    finally:
        server.should_exit = True
        await serving


async def answer_to(port: int, *pieces: bytes, within: float = 5.0, pause: float = 0.05) -> bytes:
    """What comes back until the server closes; empty where it closes without a word."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(pause)
        return await asyncio.wait_for(reader.read(), within)
    except ConnectionResetError:
        return b""
    finally:
        writer.close()
