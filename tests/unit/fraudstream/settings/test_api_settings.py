"""Settings of the scoring API."""

from pathlib import Path

import pytest

from fraudstream.settings.settings import load_settings
from schemas.errors import UserError

TOKEN = "a-token-of-the-tests"


def tokens(**api):
    return load_settings(api=api).api.read_tokens()


def test_loopback_needs_no_token():
    assert tokens() == tokens(host="localhost") == []


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5"])  # noqa: S104
def test_tokens_are_needed_beyond_loopback(host):
    with pytest.raises(UserError, match="FRAUDSTREAM_API__TOKENS"):
        tokens(host=host)
    assert tokens(host=host, tokens=TOKEN) == [TOKEN]


def test_tokens_come_from_the_environment_or_a_file(tmp_path: Path, monkeypatch):
    monkeypatch.setenv("FRAUDSTREAM_API__TOKENS", f"{TOKEN}, {TOKEN}-2")
    assert load_settings().api.read_tokens() == [TOKEN, f"{TOKEN}-2"]
    monkeypatch.delenv("FRAUDSTREAM_API__TOKENS")
    file = tmp_path / "tokens"
    file.write_text(f"{TOKEN}\n\n{TOKEN}-2\n")
    assert tokens(tokens_file=file) == [TOKEN, f"{TOKEN}-2"]


def test_weak_token_is_refused(tmp_path: Path):
    for text in ("short", f"{TOKEN},short", ","):
        with pytest.raises(UserError, match="at least 16"):
            tokens(tokens=text)
    (tmp_path / "empty").touch()
    with pytest.raises(UserError, match="got none"):
        tokens(tokens_file=tmp_path / "empty")
    with pytest.raises(UserError, match="tokens_file"):
        tokens(tokens_file=tmp_path / "not-there")


def test_tokens_in_the_settings_file_are_refused_and_not_shown(tmp_path: Path):
    file = tmp_path / "fraudstream.toml"
    file.write_text(f'[api]\ntokens = "{TOKEN}"\n')
    with pytest.raises(UserError, match="FRAUDSTREAM_API__TOKENS") as caught:
        load_settings(file)
    assert TOKEN not in str(caught.value)


@pytest.mark.parametrize(
    ("api", "expected"),
    [
        ({"fallback_decision": "APPROVE"}, "REVIEW"),
        ({"rate_limit": "fast"}, "1000/second"),
        ({"deadline_ms": 20_000}, "max_deadline_ms"),
        ({"tokens": TOKEN, "tokens_file": "t"}, "twice"),
    ],
)
def test_invalid_settings_are_refused(api, expected):
    with pytest.raises(UserError, match=expected):
        load_settings(api=api)
