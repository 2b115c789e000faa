"""Settings of the serving contracts: online store and its token."""

import pytest

from fraudstream.settings.settings import load_settings
from schemas.errors import UserError

TOKEN = "a-token-of-the-tests"


def test_token_comes_from_the_environment_or_a_file(monkeypatch, tmp_path):
    monkeypatch.setenv("FRAUDSTREAM_SERVING__FEATURES_URL", "http://api:8000")
    monkeypatch.setenv("FRAUDSTREAM_SERVING__FEATURES_TOKEN", TOKEN)
    settings = load_settings().serving
    assert settings.read_features_token() == TOKEN
    assert TOKEN not in repr(settings)
    monkeypatch.delenv("FRAUDSTREAM_SERVING__FEATURES_TOKEN")
    (tmp_path / "token").write_text(TOKEN)
    monkeypatch.setenv("FRAUDSTREAM_SERVING__FEATURES_TOKEN_FILE", str(tmp_path / "token"))
    assert load_settings().serving.read_features_token() == TOKEN


def test_token_in_the_settings_file_is_rejected(tmp_path):
    file = tmp_path / "fraudstream.toml"
    file.write_text(f'[serving]\nfeatures_url = "http://api:8000"\nfeatures_token = "{TOKEN}"\n')
    with pytest.raises(UserError) as refused:
        load_settings(file)
    assert "FRAUDSTREAM_SERVING__FEATURES_TOKEN" in str(refused.value)
    assert TOKEN not in str(refused.value)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"features_token": TOKEN}, "features_url with the token"),
        ({"features_url": "http://api", "features_token": TOKEN, "features_token_file": "t"}, "one features_token"),
        ({"features_url": "api:8000"}, "features_url"),
        ({"features_url": "http://api/?x=1"}, "features_url"),
        ({"features_timeout_s": 0}, "features_timeout_s"),
    ],
)
def test_invalid_settings_are_refused(values, message):
    with pytest.raises(UserError, match=message) as refused:
        load_settings(serving=values)
    assert TOKEN not in str(refused.value)
