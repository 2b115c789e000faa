"""Settings from the file, the environment and arguments."""

from pathlib import Path

import pytest

from fraudstream.settings.settings import load_settings
from models.promotion.gate_limits import GateLimits
from schemas.errors import UserError
from schemas.topics import Topics


@pytest.fixture(autouse=True)
def empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("FRAUDSTREAM_KAFKA__BOOTSTRAP_SERVERS", "FRAUDSTREAM_PATHS__STATE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(text: str) -> Path:
    path = Path("fraudstream.toml")
    path.write_text(text)
    return path


def test_no_file_gives_defaults(tmp_path):
    settings = load_settings()
    assert settings.kafka.bootstrap_servers is None
    assert settings.topics == Topics()
    assert settings.state.root == tmp_path / ".fraudstream"


def test_environment_overrides_the_file_key_by_key(monkeypatch):
    write('[job]\nmode = "process"\nparallelism = 2\n')
    monkeypatch.setenv("FRAUDSTREAM_JOB__MODE", "thread")
    job = load_settings().job
    assert (job.mode, job.parallelism) == ("thread", 2)


def test_arguments_override_the_environment(monkeypatch):
    monkeypatch.setenv("FRAUDSTREAM_JOB__MODE", "thread")
    assert load_settings(job={"mode": "process"}).job.mode == "process"


def test_topic_name_from_environment_keeps_the_others(monkeypatch):
    monkeypatch.setenv("FRAUDSTREAM_TOPICS__ALERTS", "mine")
    topics = load_settings().topics
    assert topics.alerts == "mine"
    assert topics.scores == Topics().scores


def test_pass_through_tables_accept_any_key(monkeypatch):
    write('[kafka.properties]\n"client.id" = "k"\n[flink.config]\n"rest.flamegraph.enabled" = "true"\n')
    monkeypatch.setenv("FRAUDSTREAM_KAFKA__PROPERTIES", '{"socket.keepalive.enable": "true"}')
    settings = load_settings()
    assert settings.kafka.properties == {"client.id": "k", "socket.keepalive.enable": "true"}
    assert settings.flink.config == {"rest.flamegraph.enabled": "true"}


@pytest.mark.parametrize(
    ("text", "near"),
    [
        ("[kafka]\nbootstrap_server = 'a:1'\n", "kafka.bootstrap_servers"),
        ("[kafak]\nport = 1\n", "kafka"),
        ("[topics]\nalert = 'x'\n", "topics.alerts"),
    ],
)
def test_unknown_name_in_file_names_the_nearest(text, near):
    write(text)
    with pytest.raises(UserError, match=f"Did you mean '{near}'"):
        load_settings()


@pytest.mark.parametrize("name", ["FRAUDSTREAM_KAFKA__PROT", "FRAUDSTREAM_KAFKA_PORT", "FRAUDSTREAM_KAFKA__PORT__X"])
def test_unknown_variable_names_the_nearest(monkeypatch, name):
    monkeypatch.setenv(name, "1")
    with pytest.raises(UserError, match="Did you mean 'FRAUDSTREAM_KAFKA__PORT'"):
        load_settings()


def test_cache_variable_is_no_unknown_setting(monkeypatch):
    monkeypatch.setenv("FRAUDSTREAM_CACHE", "/somewhere")
    load_settings()


def test_all_mistakes_are_reported_at_once(monkeypatch):
    write("[job]\nparallelism = 0\nmode = 'treat'\n")
    monkeypatch.setenv("FRAUDSTREAM_KAFKA__BOOTSTRAP_SERVERS", "nohost")
    with pytest.raises(UserError) as caught:
        load_settings()
    message = str(caught.value)
    assert len(message.splitlines()) == 3
    assert "job.mode: expected 'thread' or 'process', got 'treat'" in message
    assert "FRAUDSTREAM_JOB__MODE" in message


def test_invalid_toml_is_a_user_error():
    write("[job\n")
    with pytest.raises(UserError, match="to be TOML"):
        load_settings()


def test_named_file_must_exist():
    with pytest.raises(UserError, match="found none"):
        load_settings(Path("other.toml"))


@pytest.mark.parametrize(
    "uri", ["mlflow.example", "postgresql://mlflow.example/db", "https://jane:hunter2@mlflow.example"]
)
def test_address_of_mlflow_is_checked_and_its_login_not_shown(uri):
    with pytest.raises(UserError, match=r"models\.tracking_uri: expected") as caught:
        load_settings(models={"tracking_uri": uri})
    assert "hunter2" not in str(caught.value)


def test_gates_have_the_limits_of_the_settings():
    assert load_settings(gates={"max_decision_changes": 0.1}).gates.limits == GateLimits(max_decision_changes=0.1)


@pytest.mark.parametrize("mark", [b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff"])
def test_file_with_a_byte_order_mark_is_refused_as_having_one(tmp_path, mark):
    file = tmp_path / "marked.toml"
    file.write_bytes(mark + b"[job]\nshards = 8\n")
    with pytest.raises(UserError, match=r"expected plain UTF-8 in .*, got a byte order mark"):
        load_settings(file)


def test_unknown_time_zone_is_refused_with_the_closest():
    write('[job]\ntime_zone = "Europe/Belrin"\n')
    with pytest.raises(UserError, match=r"job\.time_zone: expected an IANA time zone, got") as caught:
        load_settings()
    assert "'Europe/Belrin': did you mean Europe/Berlin?" in str(caught.value)


def test_years_of_files_are_within_those_of_the_job():
    limits = load_settings(files={"first_year": 2020, "last_year": 2030}, job={"max_amount_minor": 5}).file_limits
    assert (limits.first_year, limits.last_year, limits.records.max_amount_minor) == (2020, 2030, 5)
    for years in ({"first_year": 1999}, {"last_year": 2100}, {"first_year": 2030, "last_year": 2020}):
        with pytest.raises(UserError, match="year"):
            load_settings(files=years)
