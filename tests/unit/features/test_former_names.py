"""Everything that an earlier version wrote under former names of features is read under the present ones."""

import re
from dataclasses import replace

import numpy as np

from fraudstream.system.folders import PROJECT_ROOT
from models.features.former_names import FORMER_NAMES, present_name
from models.features.table import FEATURE_NAMES, FEATURES, FORMER_FEATURES, TABLE_WIDTHS, spec_hash
from models.scoring.artifact import load_artifact
from models.scoring.reason_finder import ReasonFinder
from tests.unit.scoring.changed_manifests import under_former_names
from tests.unit.scoring.former_artifacts import former_folder
from tests.unit.training.histories import artifact

FORMER = {present: former for former, present in FORMER_NAMES.items()}
PAGE = (PROJECT_ROOT / "docs" / "features.md").read_text().partition("other names in earlier versions")[2]


def test_a_former_name_is_of_one_present_feature_and_is_none_itself():
    assert set(FORMER_NAMES.values()) <= set(FEATURE_NAMES)
    assert len(FORMER) == len(FORMER_NAMES)
    assert FORMER_NAMES.keys().isdisjoint(FEATURE_NAMES)
    assert present_name("count_1h") == "count_1h"


def test_the_table_under_former_names_is_accepted():
    former = [replace(feature, name=FORMER.get(feature.name, feature.name)) for feature in FORMER_FEATURES]
    assert spec_hash(former) != spec_hash(FORMER_FEATURES)
    assert TABLE_WIDTHS[spec_hash(former)] == TABLE_WIDTHS[spec_hash(FORMER_FEATURES)] == len(FORMER_FEATURES)


def test_artifact_of_before_is_read_under_present_names(tmp_path):
    present = load_artifact(former_folder(tmp_path)).manifest
    under_former_names(tmp_path)
    text = (tmp_path / "manifest.json").read_text()
    assert '"to_mean_7d"' in text
    assert '"amount_to_mean_7d"' not in text
    former = load_artifact(tmp_path).manifest
    assert former.feature_spec_hash == "4d6fbad85b6bf301"
    assert former == present.model_copy(update={"feature_spec_hash": former.feature_spec_hash})


def test_reasons_of_an_artifact_of_before_are_those_of_now(tmp_path):
    present = load_artifact(former_folder(tmp_path))
    rows = np.random.default_rng(3).exponential(50, (20, len(FEATURES))).astype(np.float32)
    expected = [ReasonFinder(present).find(row) for row in rows]
    under_former_names(tmp_path)
    former = load_artifact(tmp_path)
    assert [ReasonFinder(former).find(row) for row in rows] == expected
    assert former.manifest.usual_spread.keys() <= {*FEATURE_NAMES}
    assert artifact().manifest.reference.keys() == {*FEATURE_NAMES, "score"}


def test_page_of_features_names_each_former_name():
    cells = " ".join(re.findall(r"^\| ([^|]+) \|", PAGE, re.MULTILINE))
    patterns = re.findall(r"`([^`]+)`", cells.replace("{merchant,device}_", "entity_"))
    named = re.compile("|".join(pattern.replace("*", r"(10m|1h|24h|\d+d)") for pattern in patterns))
    assert [
        name
        for name in FORMER_NAMES
        if not named.fullmatch(re.sub("^(device|merchant)_(amount_d|new)", r"entity_\2", name))
    ] == []
