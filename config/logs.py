"""Log lines with fields, one event per fact. Keys that stand in URLs never reach a log."""

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

# Where the key stands in a receiving URL is up to each sender, so all that may be one is blanked. A key has 32 letters
# at least; fewer are asked for here, as one that was not copied to its end tells nearly as much. A source of a very
# long name is blanked with it.
_RECEIVING_URL = re.compile(r"/(?:integrations|alertmanager|heartbeat|api/v2)/\S+")
_KEY = re.compile(r"[\w%-]{24,}")
# So is what lets somebody act by a link in an e-mail.
_TOKEN_IN_LINK = re.compile(r"(/e/)([A-Za-z0-9_:\-]{16,})")


def scrub(text: str) -> str:
    """The text without integration keys."""
    return _TOKEN_IN_LINK.sub(r"\1***", _RECEIVING_URL.sub(lambda url: _KEY.sub("***", url[0]), text))


_render = structlog.processors.KeyValueRenderer(key_order=["at", "level", "event"], sort_keys=False)


def line(logger: object, method: str, fields: MutableMapping[str, Any]) -> str:
    """One fact as a line without keys, whatever its fields hold."""
    return scrub(_render(logger, method, fields))


class Lines(logging.Formatter):
    """The libraries' records as lines without keys; their tracebacks too."""

    def format(self, record: logging.LogRecord) -> str:
        return scrub(super().format(record))


def set_up() -> None:
    """Structured lines of ours and plain lines of the libraries, to standard error."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
            structlog.processors.format_exc_info,
            line,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(Lines("at=%(asctime)s level=%(levelname)s logger=%(name)s %(message)s"))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    # It writes a traceback every second while Redis is away; `live.deaf` says it once.
    logging.getLogger("channels_redis").setLevel(logging.CRITICAL)
