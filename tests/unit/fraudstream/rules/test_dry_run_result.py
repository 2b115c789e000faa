"""Dry runs on a replayed history and on the inference log: the same transactions give the same figures."""

import json
from dataclasses import replace

import numpy as np
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from fraudstream.cli import main as cli
from fraudstream.rules.dry_run_result import dry_run_rules
from models.declared.declared_engine import DeclaredEngine
from models.declared.declared_features import declared_features
from schemas.errors import UserError
from schemas.rule_book import RuleError
from tests.unit.fraudstream.archives import labels, quiet
from tests.unit.rules.books import book, rule
from tests.unit.schemas.declaration.declarations import COLUMNS, declared
from tests.unit.training.declared_histories import declared_history_file
from tests.unit.training.histories import artifact, artifact_folder, history_file

RULES = book(
    rule("large", "amount > 5 * amount_mean_30d and amount > 50", "REVIEW"),
    rule("burst", "count_10m >= 4", "BLOCK"),
    rule("low_score", "score < 0.1", "ALLOW"),
)

KEYED = """
[[features]]
name = "keyed_7d"
count = true
window = "7d"
where = 'entry_mode == "keyed"'
"""


@pytest.fixture(scope="module")
def replayed():
    return dry_run_rules(RULES, history_file(), artifact(), labels, quiet)


def without_money(figures):
    rules = [replace(item, money={}) for item in figures.rules]
    return replace(figures, rules=rules, money_added={}, money_removed={})


def test_archive_and_replay_give_the_same_figures_but_for_the_money(archived, replayed):
    assert replayed.left_out == {}
    assert replayed.figures.frauds > 0
    assert all(figures.hits > 0 for figures in replayed.figures.rules)
    found = dry_run_rules(RULES, archived, artifact(), labels, quiet).figures
    assert found == without_money(replayed.figures)


def test_replay_adds_up_what_a_rule_holds_up(replayed):
    large, history = replayed.figures.rules[0], pq.read_table(history_file())
    genuine = sum(amounts.genuine for amounts in large.money.values())
    assert 0 < genuine < pc.sum(history["amount_minor"]).as_py() / 100
    assert large.money.keys() <= {*history["currency"].to_pylist()}


def test_archive_without_labels_gives_only_hits(archived, replayed):
    found = dry_run_rules(RULES, archived, artifact(), lambda: None, quiet).figures
    assert (found.transactions, found.labelled) == (replayed.figures.transactions, 0)
    assert [item.hits for item in found.rules] == [item.hits for item in replayed.figures.rules]
    assert {item.precision for item in found.rules} == {None}


def test_rules_on_columns_missing_in_an_archive_are_left_out_and_reported(archived):
    both = book(*RULES.rules, rule("gifts", 'merchant_category == "gift_cards" and currency == "EUR"'))
    found = dry_run_rules(both, archived, artifact(), labels, quiet)
    assert found.left_out == {"gifts": ["merchant_category", "currency"]}
    assert len(found.figures.rules) == len(RULES.rules)


def test_input_without_a_dry_run_is_refused(tmp_path):
    with pytest.raises(UserError, match="expected a labelled Parquet file or an archive"):
        dry_run_rules(RULES, tmp_path, artifact(), labels, quiet)
    with pytest.raises(RuleError, match=r"rule wrong: .*did you mean amount\?"):
        dry_run_rules(book(rule("wrong", "amuont > 3")), tmp_path, artifact(), labels, quiet)


def test_command_prints_the_figures(tmp_path, monkeypatch, replayed):
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "rules.toml"
    file.write_text("".join(f"[rules.{r.name}]\nwhen = '{r.when}'\naction = '{r.action}'\n" for r in RULES.rules))
    line = ["rules", "dry-run", str(file), "--on", str(history_file()), "--model", str(artifact_folder())]
    done = CliRunner().invoke(cli.app, [*line, "--json"])
    assert done.exit_code == 0, done.output
    result = json.loads(done.stdout)
    assert result["left_out"] == {}
    assert [item["hits"] for item in result["rules"]] == [item.hits for item in replayed.figures.rules]
    shown = CliRunner().invoke(cli.app, line).stdout
    assert f"{replayed.figures.added:,} alerts added, {replayed.figures.removed:,} removed" in shown


def test_rules_may_name_declared_features_that_no_model_reads(archived, tmp_path):
    own = declared(tmp_path, COLUMNS + KEYED)
    both = book(*RULES.rules, rule("keyed", "keyed_7d >= 2 and not missing(keyed_7d)"))
    found = dry_run_rules(both, declared_history_file(), artifact(), labels, quiet, declaration=own)
    (records,) = pq.read_table(declared_history_file()).combine_chunks().to_batches()
    expected = DeclaredEngine(declared_features(own)).described(records)[:, 0] >= 2
    assert found.figures.transactions == len(expected)
    assert found.figures.rules[-1].hits == np.count_nonzero(expected) > 0
    alone = dry_run_rules(RULES, declared_history_file(), artifact(), labels, quiet)
    assert found.figures.rules[:-1] == alone.figures.rules
    assert dry_run_rules(both, archived, artifact(), labels, quiet, declaration=own).left_out == {"keyed": ["keyed_7d"]}
    with pytest.raises(RuleError, match="rule keyed: expected a feature, `score` or a column"):
        dry_run_rules(both, declared_history_file(), artifact(), labels, quiet)
