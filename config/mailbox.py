"""The process that receives mail for integrations: the SMTP listener at TOCSIN_SMTP_IN, `python -m config.mailbox`."""

import asyncio
import os
import signal
import sys

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

import django

django.setup()

from alerts.mail.certificates import BadCertificate, Certificate, Tls  # noqa: E402  it needs the apps loaded
from alerts.mail.postbox import Postbox  # noqa: E402
from config import env  # noqa: E402
from config.up import health  # noqa: E402

_SIGN_EVERY = 5.0  # seconds


async def _serve(host: str, port: int, certificate: Certificate | None, tls: Tls) -> None:
    leaving = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, leaving.set)
    postbox = Postbox(host, port, certificate=certificate, tls=tls)
    await postbox.open()
    try:
        while not leaving.is_set():
            health.sign(env.data_dir(), "mail")
            if certificate is not None:
                certificate.renew()
            try:
                await asyncio.wait_for(leaving.wait(), _SIGN_EVERY)
            except TimeoutError:
                continue
    finally:
        await postbox.close()


def _certificate(tls: Tls) -> Certificate | None:
    """What the environment names; None where mail is received in the clear. Raises BadCertificate."""
    chain, key = env.file("TOCSIN_SMTP_IN_CERTIFICATE"), env.file("TOCSIN_SMTP_IN_KEY")
    if chain is not None:
        return Certificate(chain, key)
    if key is not None or tls is not Tls.OFFERED:
        # It would take in the clear what was to be encrypted.
        raise BadCertificate("Mail is to be received over TLS, but TOCSIN_SMTP_IN_CERTIFICATE is not set.")
    return None


def main() -> int:
    """Receive until SIGTERM."""
    place = env.smtp_in()
    if place is None:
        sys.stderr.write("Set TOCSIN_SMTP_IN to HOST:PORT, as 127.0.0.1:2525.\n")
        return 1
    tls = Tls(env.one_of("TOCSIN_SMTP_IN_TLS", Tls))
    try:
        asyncio.run(_serve(*place, _certificate(tls), tls))
    except BadCertificate as trouble:
        sys.stderr.write(f"{trouble}\n")
        return 1
    except OSError as trouble:
        sys.stderr.write(f"It cannot listen on {place[0]}:{place[1]}: {trouble.strerror}.\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
