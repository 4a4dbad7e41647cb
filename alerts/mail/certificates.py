"""The certificate that the SMTP listener shows: read from its files, and read again when they have changed.

Whoever renews certificates replaces the files; nothing has to be restarted.
"""

import ssl
from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from pathlib import Path

import structlog
from cryptography import x509

log = structlog.get_logger(__name__)


class BadCertificate(Exception):
    """The files cannot be used. The text says which and why."""


class Tls(StrEnum):
    """When a conversation is encrypted."""

    OFFERED = "offered"  # from STARTTLS on, where the sender asks for it
    REQUIRED = "required"  # nothing is taken before STARTTLS
    IMPLICIT = "implicit"  # from the first byte on


class Certificate:
    """A chain and its key, loaded into a context that new conversations use."""

    def __init__(self, chain: Path, key: Path | None = None) -> None:
        """Raises BadCertificate. Without a `key` it stands in the file of the chain."""
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.minimum_version = ssl.TLSVersion.TLSv1_2
        self._chain, self._key = chain, key
        self._seen = self._stamps()
        self._load()

    def renew(self) -> bool:
        """Load the files again if they have changed. Whether they were; unusable ones leave what is in use."""
        try:
            stamps = self._stamps()
            if stamps == self._seen:
                return False
            self._seen = stamps
            ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(self._chain, self._key, password="")
            self._load()
        except (BadCertificate, OSError, ValueError) as trouble:  # half written, perhaps: looked at when it changes
            log.warning("certificate.not_renewed", reason=str(trouble))
            return False
        log.info("certificate.renewed")
        return True

    def _load(self) -> None:
        try:
            # An empty password, as it would otherwise be asked for at the terminal.
            self.context.load_cert_chain(self._chain, self._key, password="")
        except (OSError, ValueError) as trouble:  # ssl.SSLError is an OSError
            where = f"{self._chain} and {self._key}" if self._key else str(self._chain)
            reason = getattr(trouble, "reason", None) or getattr(trouble, "strerror", None) or str(trouble)
            said = str(reason).replace("_", " ").lower()
            raise BadCertificate(f"The certificate and its key in {where} cannot be used: {said}.") from None

    def _stamps(self) -> Sequence[tuple[int, int]]:
        files = [self._chain, self._key] if self._key else [self._chain]
        try:
            found = [each.stat() for each in files]
        except OSError as trouble:
            raise BadCertificate(f"{trouble.filename} cannot be read: {trouble.strerror}.") from None
        return [(each.st_mtime_ns, each.st_ino) for each in found]


def ends_at(chain: Path) -> datetime:
    """Until when the certificate at the head of a chain is valid. Raises BadCertificate."""
    try:
        return x509.load_pem_x509_certificates(chain.read_bytes())[0].not_valid_after_utc
    except (OSError, ValueError):
        raise BadCertificate(f"There is no certificate in {chain}.") from None
