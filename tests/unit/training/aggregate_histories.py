"""Declared aggregates, and a model that reads them."""

from functools import cache
from pathlib import Path

from models.scoring.artifact import Artifact, load_artifact
from models.training.train import train
from models.training.training_settings import TrainingSettings
from schemas.declaration.declaration import Declaration
from tests.unit.schemas.declaration.declarations import COLUMNS, declared
from tests.unit.training.declared_histories import declared_history_file
from tests.unit.training.histories import SMALL

TABLES = """
[[features]]
name = "ip_cards_24h"
entity = "ip"
count_distinct = "customer_id"
window = "24h"

[[features]]
name = "declined_share_7d"
share = "declined"
window = "7d"

[[features]]
name = "keyed_7d"
count = true
window = "7d"
where = 'entry_mode == "keyed"'

[[features]]
name = "keyed_of_ip_cards"
ratio = ["keyed_7d", "ip_cards_24h"]

[[features]]
name = "risk_mean_7d"
mean = "risk"
window = "7d"
"""
NAMES = ("ip_cards_24h", "declined_share_7d", "keyed_7d", "keyed_of_ip_cards", "risk_mean_7d")


@cache
def folder() -> Path:
    made = declared_history_file().parent / "aggregates"
    made.mkdir()
    return made


def declaration() -> Declaration:
    return declared(folder(), COLUMNS + TABLES)


@cache
def model() -> Artifact:
    train(declared_history_file(), folder() / "model", TrainingSettings(declaration=declaration()), learner=SMALL)
    return load_artifact(folder() / "model")
