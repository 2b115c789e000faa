"""Files of the examples, and their import."""

import shlex
import subprocess
import sys

import pytest

from fraudstream.imports.file_import import import_file, open_source
from fraudstream.imports.map_file import read_map
from fraudstream.settings.checked_declaration import read_checked_declaration
from fraudstream.system.folders import PROJECT_ROOT
from schemas.declaration.column_kind import ColumnKind
from tests.example_folders import EXAMPLES, example_commands, example_folder


def write(name, *options):
    """Write the file of an example with the first command of its page."""
    _, *line = shlex.split(example_commands(name)[0])
    done = subprocess.run(  # noqa: S603  (a module of this project)
        [sys.executable, *line, *options], cwd=PROJECT_ROOT, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_row_of_an_example_is_imported_by_its_map(name, tmp_path):
    file, map_path = tmp_path / "events.csv", example_folder(name) / "map.toml"
    write(name, "--out", str(file))
    mapping = read_map(map_path)
    summary = import_file(open_source(file, mapping.file), mapping, tmp_path / "imported")
    assert not summary.rejected, summary.examples
    assert summary.labelled == summary.imported > 15_000
    assert 0.01 < summary.frauds / summary.imported < 0.04


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_text_and_entity_of_a_declaration_serves_a_feature(name):
    declaration = read_checked_declaration(example_folder(name) / "map.toml")
    named = str([*(entity.columns for entity in declaration.entities), *declaration.raw_features])
    texts = [column.name for column in declaration.columns if column.kind is ColumnKind.TEXT]
    assert [text for text in texts if repr(text) not in named] == []
    used = {feature.get("entity") for feature in declaration.raw_features}
    assert [entity.name for entity in declaration.entities if entity.name not in used] == []


def test_a_seed_gives_one_file_and_scale_multiplies_it(tmp_path):
    files = [tmp_path / f"{number}.csv" for number in range(4)]
    for file, options in zip(files, [(), (), ("--seed", "2"), ("--scale", "3")], strict=True):
        write("marketplace", "--out", str(file), *options)
    first, again, other, larger = (file.read_text() for file in files)
    assert first == again != other
    assert larger.count("\n") > 2.9 * first.count("\n")
