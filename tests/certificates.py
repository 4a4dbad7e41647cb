"""Certificates for tests: a file with the chain and one with its key, made on the spot."""

import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

UNTIL = datetime(2040, 1, 1, tzinfo=UTC)


class Files(NamedTuple):
    """Where a certificate and its key lie."""

    chain: Path
    key: Path

    def write(self, *, name: str = "localhost", until: datetime = UNTIL) -> None:
        """A new key, and a certificate of its own for it."""
        key = ec.generate_private_key(ec.SECP256R1())
        of = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        builder = x509.CertificateBuilder().subject_name(of).issuer_name(of).public_key(key.public_key())
        builder = builder.serial_number(x509.random_serial_number()).not_valid_after(until)
        builder = builder.not_valid_before(until - timedelta(days=365 * 20))
        names = x509.SubjectAlternativeName([x509.DNSName(name)])
        made = builder.add_extension(names, critical=False).sign(key, SHA256())
        self.chain.write_bytes(made.public_bytes(Encoding.PEM))
        self.key.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))

    def trusted(self) -> ssl.SSLContext:
        """What a sender that knows this certificate checks by."""
        return ssl.create_default_context(cafile=str(self.chain))
