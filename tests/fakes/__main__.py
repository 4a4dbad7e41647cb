"""The fakes as a process of their own: prints one JSON line with its URLs and ends with SIGTERM."""

import argparse
import json
import os
import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from tests.fakes import receipts
from tests.fakes.carriers import Fakes, Ports, Secrets
from tests.fakes.control import Control

_DEFAULTS = Secrets()
_SCRIPTS = {
    "delivered": receipts.DELIVERED,
    "sent": receipts.SENT_ONLY,
    "never": receipts.NEVER,
    "twice": receipts.TWICE,
    "undelivered": receipts.undelivered(),
}


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.fakes", description="Fake Slack, Twilio and mail exchanger.")
    for server in ("slack", "twilio", "smtp", "control"):
        parser.add_argument(f"--{server}-port", type=int, default=0, help="0 takes a free port")
    parser.add_argument("--tocsin-url", default="", help="where Tocsin listens")
    parser.add_argument("--public-url", default="", help="the address it is known by, if another")
    parser.add_argument("--slack-token", default=_DEFAULTS.slack_token)
    parser.add_argument("--slack-signing-secret", default=_DEFAULTS.slack_signing_secret)
    parser.add_argument("--twilio-account", default=_DEFAULTS.twilio_account)
    parser.add_argument("--twilio-auth-token", default=_DEFAULTS.twilio_auth_token)
    parser.add_argument("--twilio-number", default=_DEFAULTS.twilio_number)
    parser.add_argument("--receipts", choices=sorted(_SCRIPTS), default="delivered")
    parser.add_argument("--ledger-file", type=Path, help="a copy of the ledger, one JSON line an entry")
    parser.add_argument("--with-parent", action="store_true", help="end when the starting process ends")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> None:
    options = _options(arguments)
    secrets = Secrets(
        options.slack_token,
        options.slack_signing_secret,
        options.twilio_account,
        options.twilio_auth_token,
        options.twilio_number,
    )
    ended, parent = threading.Event(), os.getppid()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    fakes = Fakes(
        Ports(options.slack_port, options.twilio_port, options.smtp_port), secrets, ledger_file=options.ledger_file
    )
    fakes.point_at(options.tocsin_url, options.public_url)
    fakes.twilio.receive_with(_SCRIPTS[options.receipts])
    control = Control(fakes, options.control_port)

    addresses = {"pid": os.getpid(), "control_url": control.server.url, "environment": fakes.environment}
    sys.stdout.write(json.dumps(addresses) + "\n")
    sys.stdout.flush()
    while not ended.wait(0.5):
        if options.with_parent and os.getppid() != parent:
            break
    control.close()
    fakes.close()


if __name__ == "__main__":
    main()
