"""Comparison of a measurement with that of an earlier commit."""

import json
import subprocess

import pytest

from benchmarks.__main__ import main
from benchmarks.suites import commits
from fraudstream.system.folders import PROJECT_ROOT
from schemas.errors import UserError


@pytest.fixture(autouse=True)
def empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_no_commit_is_refused():
    with pytest.raises(UserError, match="expected a commit to compare with, got none"):
        commits.run()


@pytest.mark.parametrize("name", ["no-such-tag", "--all", "HEAD:README.md"])
def test_commit_that_the_clone_lacks_is_refused(name):
    with pytest.raises(UserError, match="expected a commit of this clone, got"):
        commits.run(commit=name)


def test_comparison_does_not_repeat_itself():
    with pytest.raises(UserError, match="expected a measurement to repeat, got commits"):
        commits.run(commit="HEAD", measurement="commits")


@pytest.mark.long
def test_figures_of_both_commits_and_their_ratios_are_reported_and_the_other_clone_is_removed(tmp_path, capsys):
    main(["commits", "--commit", "HEAD", "--measurement", "drift-cost", "--brief", "--results", str(tmp_path)])
    figures = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert figures.pop("measurement") == "drift-cost"
    assert len(figures.pop("commit")) == 40
    assert all(0.01 < ratio < 100 for ratio in figures.values())
    raw = json.loads((tmp_path / "commits.json").read_text())["raw"]
    for turns in raw.values():
        assert [turn.keys() for turn in turns] == [figures.keys()]
    line = ["git", "worktree", "list"]
    listed = subprocess.run(line, cwd=PROJECT_ROOT, capture_output=True, text=True, check=True).stdout  # noqa: S603
    assert "bench/commits" not in listed
