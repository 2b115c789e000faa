"""Security settings in the terms of Kafka's Java client."""

from pathlib import Path

from fraudstream.settings.kafka_security import KafkaSecurity

SHADED = "org.apache.flink.kafka.shaded.org.apache.kafka.common"
"""Package of Kafka's classes in Flink's SQL connector."""
LOGIN_MODULES = {
    "PLAIN": f"{SHADED}.security.plain.PlainLoginModule",
    "SCRAM-SHA-256": f"{SHADED}.security.scram.ScramLoginModule",
    "SCRAM-SHA-512": f"{SHADED}.security.scram.ScramLoginModule",
}
FROM_FILE = {
    "config.providers": "file",
    "config.providers.file.class": f"{SHADED}.config.provider.DirectoryConfigProvider",
}


def java_security(security: KafkaSecurity, password_file: Path | None) -> dict[str, str]:
    """Translate security settings into those of the Java client in Flink's connector.

    Secrets are file names, not values: the client reads the files itself, where it runs. So they are in no job
    graph, which Flink stores and shows parts of.

    Parameters
    ----------
    password_file
        File with the password for the job, without a line end after it.
    """
    if security.protocol == "PLAINTEXT":
        return {}
    found = {"security.protocol": security.protocol, **FROM_FILE}
    if security.authenticated and password_file is not None:
        login = f'username="{_quoted(security.username or "")}" password="{_reference(password_file)}"'
        found["sasl.mechanism"] = security.mechanism or ""
        found["sasl.jaas.config"] = f"{LOGIN_MODULES[security.mechanism or '']} required {login};"
    if security.ca is not None:
        found |= {"ssl.truststore.type": "PEM", "ssl.truststore.location": str(security.ca.expanduser().absolute())}
    if security.certificate is not None and security.key is not None:
        found |= {
            "ssl.keystore.type": "PEM",
            "ssl.keystore.certificate.chain": _reference(security.certificate),
            "ssl.keystore.key": _reference(security.key),
        }
    return found


def _reference(path: Path) -> str:
    resolved = path.expanduser().absolute()
    return f"${{file:{resolved.parent}:{resolved.name}}}"


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')
