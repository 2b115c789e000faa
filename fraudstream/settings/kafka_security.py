"""TLS and login at the Kafka brokers."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from pydantic import SecretStr, model_validator

from fraudstream.settings.login import check_login, mistake
from fraudstream.settings.section import Section

Protocol = Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"]
Mechanism = Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"]

PEM_FILES = ("ca", "certificate", "key")
SAME_IN_BOTH = {"ssl.cipher.suites"}
"""Security properties with the same name in librdkafka and Java, which may be passed through."""


class KafkaSecurity(Section):
    """TLS and login at the brokers, for both client libraries."""

    protocol: Protocol = "PLAINTEXT"
    """security protocol of the brokers' listener"""
    mechanism: Mechanism | None = None
    """SASL mechanism, with SASL_PLAINTEXT and SASL_SSL"""
    username: str | None = None
    """SASL user, with a mechanism"""
    password: SecretStr | None = None
    """SASL password; only in the environment: FRAUDSTREAM_KAFKA__SECURITY__PASSWORD"""
    password_file: Path | None = None
    """file that contains only the password, without a line end; needed on every machine of your own cluster"""
    ca: Path | None = None
    """PEM file of the certificate authorities that the brokers are verified against"""
    certificate: Path | None = None
    """PEM file of the client certificate, for mutual TLS"""
    key: Path | None = None
    """PEM file of its private key (PKCS#8 without a passphrase)"""

    @property
    def encrypted(self) -> bool:
        """Whether connections use TLS."""
        return self.protocol in {"SSL", "SASL_SSL"}

    @property
    def authenticated(self) -> bool:
        """Whether a login is required."""
        return self.protocol.startswith("SASL_")

    @model_validator(mode="after")
    def _complete(self) -> KafkaSecurity:
        self._check_login()
        self._check_files()
        return self

    def _check_login(self) -> None:
        if self.authenticated and (self.mechanism is None or self.username is None):
            raise mistake(f"a mechanism and a username with protocol {self.protocol}. Add both")
        if not self.authenticated and (self.mechanism or self.username or self.password or self.password_file):
            raise mistake(f"no login with protocol {self.protocol}. Choose SASL_SSL, or leave mechanism, username and "
                          "password out")  # fmt: skip
        check_login(self.username, self.password, self.password_file)

    def _check_files(self) -> None:
        given = {name: path for name in PEM_FILES if (path := getattr(self, name)) is not None}
        if given and not self.encrypted:
            raise mistake(f"no {', '.join(given)} with protocol {self.protocol}. Choose SSL or SASL_SSL")
        if ("certificate" in given) != ("key" in given):
            raise mistake("certificate and key together, got one. Name both files")
        for name, path in given.items():
            _check_pem(name, path.expanduser())


def _check_pem(name: str, path: Path) -> None:
    try:
        text = path.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise mistake(f"a PEM file in {name}, got {path} ({type(error).__name__}). Correct the path") from None
    kind = "PRIVATE KEY" if name == "key" else "CERTIFICATE"
    if f"-----BEGIN {kind}-----" not in text:
        advice = f"; `openssl pkcs8 -topk8 -nocrypt -in {path}` makes it of another form" if name == "key" else ""
        raise mistake(f"-----BEGIN {kind}----- in {path}, found none. Name another file in {name}{advice}")


def refuse_security_names(properties: Mapping[str, str]) -> Mapping[str, str]:
    """Refuse properties that one of the two client libraries does not know, or does not keep secret."""
    wrong = [
        name for name in properties if name.startswith(("security.", "sasl.", "ssl.")) and name not in SAME_IN_BOTH
    ]
    if wrong:
        raise mistake(f"no {', '.join(sorted(wrong))} here: librdkafka and Java name them differently, so set it "
                      "in [kafka.security]")  # fmt: skip
    return properties
