"""Login and TLS of librdkafka's clients."""

from fraudstream.settings.kafka_security import KafkaSecurity
from fraudstream.settings.login import read_password


def librdkafka_security(security: KafkaSecurity) -> dict[str, str]:
    """Return librdkafka's properties of the login, for confluent-kafka's clients in this process.

    Raises
    ------
    UserError
        The password's file can't be used.
    """
    if security.protocol == "PLAINTEXT":
        return {}
    found: dict[str, str] = {"security.protocol": security.protocol}
    if security.authenticated:
        found |= {
            "sasl.mechanism": security.mechanism or "",
            "sasl.username": security.username or "",
            "sasl.password": read_password(security.password, security.password_file),
        }
    files = {"ssl.ca.location": security.ca, "ssl.certificate.location": security.certificate}
    files["ssl.key.location"] = security.key
    return found | {name: str(path.expanduser()) for name, path in files.items() if path is not None}
