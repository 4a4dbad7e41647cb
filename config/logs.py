"""Log lines with fields, one event per fact. Keys that stand in URLs never reach a log."""

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

# The key is the path segment after the source in receiving URLs.
_KEY_IN_URL = re.compile(r"(/(?:integrations|alertmanager)/(?:[^/\s]+/){1,3}?)([A-Za-z0-9_\-]{16,})")
# So is what lets somebody act by a link in an e-mail.
_TOKEN_IN_LINK = re.compile(r"(/e/)([A-Za-z0-9_:\-]{16,})")


def scrub(text: str) -> str:
    """The text without integration keys."""
    return _TOKEN_IN_LINK.sub(r"\1***", _KEY_IN_URL.sub(r"\1***", text))


def _scrub_fields(_logger: object, _method: str, fields: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for name, value in fields.items():
        if isinstance(value, str):
            fields[name] = scrub(value)
    return fields


class _ScrubRecords(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = scrub(record.getMessage()), None
        return True


def set_up() -> None:
    """Structured lines of ours and plain lines of the libraries, to standard error."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
            structlog.processors.format_exc_info,
            _scrub_fields,
            structlog.processors.KeyValueRenderer(key_order=["at", "level", "event"], sort_keys=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.addFilter(_ScrubRecords())
    handler.setFormatter(logging.Formatter("at=%(asctime)s level=%(levelname)s logger=%(name)s %(message)s"))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    # It writes a traceback every second while Redis is away; `live.deaf` says it once.
    logging.getLogger("channels_redis").setLevel(logging.CRITICAL)
