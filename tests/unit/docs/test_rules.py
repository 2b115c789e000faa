"""The rules page shows valid rules and an actual error message."""

from dataclasses import replace

import pytest

from fraudstream.rules.rule_file import RuleFile
from fraudstream.system.folders import PROJECT_ROOT
from models.rules.fields import FLAGS, TEXTS
from models.rules.rule_engine import RuleEngine
from schemas.rule_book import RuleError
from tests.markdown import blocks
from tests.unit.rules.books import book

PAGE = (PROJECT_ROOT / "docs" / "rules.md").read_text()


@pytest.fixture
def file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (shown,) = [code for language, code in blocks(PAGE) if language == "toml"]
    (tmp_path / "rules.toml").write_text(shown)
    return tmp_path / "rules.toml"


def test_rule_file_of_the_page_is_valid(file):
    found = RuleFile.read(file)
    assert len(RuleEngine(book(*found.rules, lists=found.lists)).rules) == 3


def test_error_message_of_the_page_is_the_actual_one(file):
    (large,) = [rule for rule in RuleFile.read(file).rules if rule.name == "large_at_night"]
    with pytest.raises(RuleError) as refused:
        RuleEngine(book(replace(large, when=large.when.replace("amount_mean_30d", "amount_mean_30"))))
    assert f"\n{refused.value}\n" in PAGE


def test_every_flag_and_text_is_named():
    (row,) = [line for line in PAGE.splitlines() if line.startswith("| flags |")]
    assert all(f"`{name}`" in row for name in FLAGS)
    (row,) = [line for line in PAGE.splitlines() if line.startswith("| texts |")]
    assert all(f"`{name}`" in row for name in TEXTS)
