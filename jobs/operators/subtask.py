"""Everything that the shards of one subtask share."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from jobs.operators.counts import Counts
from jobs.operators.feature_answers import FeatureAnswers
from jobs.operators.job_model import JobModel
from jobs.operators.list_reader import ListReader
from jobs.operators.model_reports import ModelReports
from jobs.operators.rule_reader import RuleReader
from jobs.operators.serving import Serving
from jobs.operators.serving_loader import ServingLoader
from jobs.operators.shard_state import ShardState
from models.declared.declared_features import aggregates_of
from models.rules.fields import rule_names
from models.scoring.transaction_scorer import TransactionScorer
from schemas import avro_schemas
from schemas.codec import RecordCodec
from schemas.registry import lists_subject, rules_subject, snoozes_subject, value_subject
from schemas.resilient_registry import open_steady_registry

if TYPE_CHECKING:
    from pyflink.datastream import RuntimeContext

    from jobs.job_config import JobConfig
    from models.features.pool import Load


class Subtask:
    """State handles, decoders, loaders, reports and counters of one subtask.

    Parameters
    ----------
    config : JobConfig
    context : RuntimeContext
    """

    def __init__(self, config: JobConfig, context: RuntimeContext) -> None:
        self.config = config
        registry = open_steady_registry(config.registry)
        self.job_model = JobModel(config, registry)
        self.state = ShardState(context, config.mode)
        control = config.topics.control
        self.loader = ServingLoader(
            RecordCodec(avro_schemas.CONTROL, value_subject(control), registry), partial(Serving.load, config, registry)
        )
        self.declared = aggregates_of(config.declared)
        books = RecordCodec(avro_schemas.RULES, rules_subject(control), registry)
        own = () if self.declared is None else self.declared.names
        self.rules = RuleReader(books, rule_names(config.declared, own))
        self.snoozes = RecordCodec(avro_schemas.SNOOZE, snoozes_subject(control), registry)
        self.lists = ListReader(RecordCodec(avro_schemas.LIST_ENTRY, lists_subject(control), registry))
        self.reports = ModelReports(config, registry)
        self.answers = FeatureAnswers(config, registry, self.declared)
        self.counts = Counts(context)
        self.first_records = config.first_records_by_key

    def new_scorer(self, serving: Serving, load: Load) -> TransactionScorer:
        """Return a scorer of the current shard that knows no history yet."""
        state, known = self.state, self.config.labels
        return TransactionScorer(
            serving.ensemble,
            load=load,
            load_labels=partial(state.read, state.customer_labels) if known else _no_labels,
            capacity=self.config.customers_per_shard,
        )


def _no_labels(_key: str) -> None:
    """Replace the labels of a job that reads none."""
