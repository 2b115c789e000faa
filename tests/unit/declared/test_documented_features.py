"""Declared features as their page shows them."""

import re
import tomllib
from pathlib import Path

from models.declared.declared_features import features_of
from schemas.declaration.core_columns import CORE_KINDS
from schemas.declaration.verb import Verb
from tests.unit.schemas.declaration.declarations import declared

PAGE = Path("docs/declared-features.md").read_text()


def test_example_of_the_page_is_a_declaration(tmp_path):
    text = re.search(r"```toml\n(.*?)```", PAGE, re.DOTALL)[1]
    assert [feature.name for feature in features_of(declared(tmp_path, text))] == [
        table["name"] for table in tomllib.loads(text)["features"]
    ]


def test_page_lists_every_verb_and_column():
    rows = " ".join(line.split("|")[1] for line in PAGE.splitlines() if line.startswith("| `"))
    assert {verb.value for verb in Verb} <= set(re.findall(r"`([a-z_]+)`", rows))
    assert set(CORE_KINDS) <= set(re.findall(r"`([a-z_]+)`", PAGE))
