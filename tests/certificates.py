"""Certificates for tests of TLS: a local authority and the certificates it signed."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

LOOPBACK = "127.0.0.1"


@dataclass(frozen=True)
class Signed:
    """A certificate and its private key, as PEM files."""

    certificate: Path
    key: Path


class Authority:
    """Certificate authority; clients that trust it are given `certificate`."""

    def __init__(self, folder: Path, name: str) -> None:
        self._folder = folder
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self._key = ec.generate_private_key(ec.SECP256R1())
        constraint = x509.BasicConstraints(ca=True, path_length=None)
        root = self._certificate(self._name, self._key, constraint)
        self.certificate = folder / f"{name}.pem"
        self.certificate.write_bytes(root.public_bytes(serialization.Encoding.PEM))

    def sign(self, name: str) -> Signed:
        """Make a certificate for `name`, valid for loopback."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        constraint = x509.BasicConstraints(ca=False, path_length=None)
        made = Signed(self._folder / f"{name}.pem", self._folder / f"{name}.key")
        made.certificate.write_bytes(
            self._certificate(subject, key, constraint).public_bytes(serialization.Encoding.PEM)
        )
        made.key.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        return made

    def _certificate(
        self, subject: x509.Name, key: ec.EllipticCurvePrivateKey, constraint: x509.BasicConstraints
    ) -> x509.Certificate:
        now = datetime.now(UTC)
        names = x509.SubjectAlternativeName([x509.IPAddress(ip_address(LOOPBACK)), x509.DNSName("localhost")])
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(hours=1))
            .not_valid_after(now + timedelta(days=1))
            .add_extension(constraint, critical=True)
            .add_extension(names, critical=False)
            .sign(self._key, hashes.SHA256())
        )
