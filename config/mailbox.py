"""The process that receives mail for integrations: the SMTP listener at TOCSIN_SMTP_IN, `python -m config.mailbox`."""

import asyncio
import os
import signal
import sys

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

import django

django.setup()

from alerts.mail.postbox import Postbox  # noqa: E402  what it imports needs the apps loaded
from config import env  # noqa: E402
from config.up import health  # noqa: E402

_SIGN_EVERY = 5.0  # seconds


async def _serve(host: str, port: int) -> None:
    leaving = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, leaving.set)
    postbox = Postbox(host, port)
    await postbox.open()
    try:
        while not leaving.is_set():
            health.sign(env.data_dir(), "mail")
            try:
                await asyncio.wait_for(leaving.wait(), _SIGN_EVERY)
            except TimeoutError:
                continue
    finally:
        await postbox.close()


def main() -> int:
    """Receive until SIGTERM."""
    place = env.smtp_in()
    if place is None:
        sys.stderr.write("Set TOCSIN_SMTP_IN to HOST:PORT, as 127.0.0.1:2525.\n")
        return 1
    try:
        asyncio.run(_serve(*place))
    except OSError as trouble:
        sys.stderr.write(f"It cannot listen on {place[0]}:{place[1]}: {trouble.strerror}.\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
