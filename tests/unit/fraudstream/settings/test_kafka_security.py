"""TLS and SASL settings of both Kafka libraries."""

from pathlib import Path

import pytest

from fraudstream.control.java_security import java_security
from fraudstream.control.job_secrets import job_registry, kafka_password_file
from fraudstream.kafka.librdkafka_security import librdkafka_security
from fraudstream.settings.settings import Settings, load_settings
from schemas.errors import UserError
from tests.certificates import Authority

PASSWORD = "FRAUDSTREAM_KAFKA__SECURITY__PASSWORD"
LOGIN = 'protocol = "SASL_SSL"\nmechanism = "SCRAM-SHA-512"\nusername = "jane"\n'


@pytest.fixture(autouse=True)
def empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def settings_with(security: str, rest: str = "") -> Settings:
    Path("fraudstream.toml").write_text(f"{rest}\n[kafka.security]\n{security}")
    return load_settings()


def pem(tmp_path: Path) -> str:
    authority = Authority(tmp_path, "ca")
    client = authority.sign("jane")
    return f'ca = "{authority.certificate}"\ncertificate = "{client.certificate}"\nkey = "{client.key}"\n'


def test_missing_section_sets_no_property_of_either_library():
    security = load_settings().kafka.security
    assert librdkafka_security(security) == java_security(security, None) == {}


def test_login_is_set_for_both_libraries(monkeypatch, tmp_path):
    monkeypatch.setenv(PASSWORD, "hunter2")
    security = settings_with(LOGIN + pem(tmp_path)).kafka.security
    assert librdkafka_security(security) == {
        "security.protocol": "SASL_SSL",
        "sasl.mechanism": "SCRAM-SHA-512",
        "sasl.username": "jane",
        "sasl.password": "hunter2",
        "ssl.ca.location": str(tmp_path / "ca.pem"),
        "ssl.certificate.location": str(tmp_path / "jane.pem"),
        "ssl.key.location": str(tmp_path / "jane.key"),
    }
    java = java_security(security, tmp_path / "secret")
    assert java["sasl.jaas.config"].endswith(
        f'ScramLoginModule required username="jane" password="${{file:{tmp_path}:secret}}";'
    )
    assert (java["ssl.truststore.type"], java["ssl.truststore.location"]) == ("PEM", str(tmp_path / "ca.pem"))
    assert java["ssl.keystore.key"] == f"${{file:{tmp_path}:jane.key}}"
    assert "hunter2" not in str(java)


def test_password_is_in_no_text_of_the_settings(monkeypatch):
    monkeypatch.setenv(PASSWORD, "hunter2")
    settings = settings_with(LOGIN)
    assert "hunter2" not in repr(settings) + str(settings) + settings.model_dump_json()


HALVES = [
    (LOGIN, "a password for the username"),
    ('protocol = "SASL_SSL"\nmechanism = "PLAIN"\n', "a mechanism and a username"),
    ('protocol = "SSL"\nusername = "jane"\n', "no login with protocol SSL"),
    ('ca = "ca.pem"\n', "Choose SSL or SASL_SSL"),
    ('protocol = "SSL"\nca = "nowhere.pem"\n', "Correct the path"),
    ('protocol = "SSL"\ncertificate = "jane.pem"\n', "certificate and key together"),
    ('protocol = "SSL"\ncertificate = "jane.pem"\nkey = "jane.pem"\n', "openssl pkcs8"),
]


@pytest.mark.parametrize(("security", "message"), HALVES)
def test_incomplete_configuration_is_refused(security, message, tmp_path):
    Authority(tmp_path, "ca").sign("jane")
    with pytest.raises(UserError, match=message):
        settings_with(security)


@pytest.mark.parametrize("part", ["security", "registry"])
def test_password_in_the_file_is_refused_without_being_shown(part):
    Path("fraudstream.toml").write_text(f'[kafka.{part}]\nusername = "jane"\npassword = "hunter2"\n')
    with pytest.raises(UserError, match=f"FRAUDSTREAM_KAFKA__{part.upper()}__PASSWORD") as caught:
        load_settings()
    assert "hunter2" not in str(caught.value)


def test_security_names_among_the_properties_are_refused_without_their_values(monkeypatch):
    monkeypatch.setenv("FRAUDSTREAM_KAFKA__PROPERTIES", '{"sasl.password": "hunter2", "ssl.ca.location": "x"}')
    with pytest.raises(UserError, match=r"sasl.password, ssl.ca.location.*\[kafka.security\]") as caught:
        load_settings()
    assert "hunter2" not in str(caught.value)


def test_login_in_the_registrys_address_is_refused_without_being_shown(monkeypatch):
    monkeypatch.setenv("FRAUDSTREAM_KAFKA__SCHEMA_REGISTRY_URL", "http://jane:hunter2@registry:8081")
    with pytest.raises(UserError, match=r"\[kafka.registry\]") as caught:
        load_settings()
    assert "hunter2" not in str(caught.value)


def test_password_of_the_environment_reaches_the_job_in_a_file_private_to_the_user(monkeypatch):
    monkeypatch.setenv(PASSWORD, "hunter2")
    password_file = kafka_password_file(settings_with(LOGIN))
    assert password_file is not None
    assert password_file.read_text() == "hunter2"
    assert (password_file.stat().st_mode & 0o777, password_file.parent.stat().st_mode & 0o777) == (0o600, 0o700)


def test_job_on_another_cluster_needs_a_file(monkeypatch):
    monkeypatch.setenv(PASSWORD, "hunter2")
    with pytest.raises(UserError, match=r"kafka.security.password_file"):
        kafka_password_file(settings_with(LOGIN, '[flink]\nrest_url = "http://jobmanager:8081"\n'))


@pytest.mark.parametrize(
    ("content", "message"), [("hunter2\n", "a line end"), ("", "an empty file"), ('a"b', 'quote|"')]
)
def test_password_that_java_would_read_differently_is_refused(content, message):
    Path("secret").write_text(content)
    with pytest.raises(UserError, match=message):
        kafka_password_file(settings_with(LOGIN + 'password_file = "secret"\n'))


def test_job_gets_the_file_of_the_registry_password(monkeypatch, tmp_path):
    monkeypatch.setenv("FRAUDSTREAM_KAFKA__REGISTRY__PASSWORD", "hunter2")
    rest = '[kafka]\nschema_registry_url = "http://registry:8081"\n[kafka.registry]\nusername = "jane"\n'
    access = job_registry(settings_with("", rest))
    assert access is not None
    assert access.password is None
    assert access.client_settings()["basic.auth.user.info"] == "jane:hunter2"
    assert Path(access.password_file or "").is_relative_to(tmp_path)
