"""Counters of the scoring operator."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from pyflink.datastream import RuntimeContext

from models.rules.compiled_rule import CompiledRule
from models.rules.ruling import Ruling
from schemas.rejection import Reason, Rejection

GROUP = "fraudstream"
"""Part of each counter's name in Flink's REST interface and in what its reporters export."""


class Counts:
    """Flink counters of records by outcome, updated once a batch; they begin at 0 whenever the job starts."""

    def __init__(self, context: RuntimeContext) -> None:
        group = context.get_metrics_group().add_group(GROUP)
        self._transactions = group.counter("transactions")
        self._alerts = group.counter("alerts")
        self._rules_refused = group.counter("rules_refused")
        self._challengers_removed = group.counter("challengers_removed")
        self._champions_failed = group.counter("champions_failed")
        self._rule_hits: dict[str, Any] = {}
        self._group = group
        self._deployments = {became: group.counter(f"deployments_{became}") for became in ("served", "refused")}
        self._dead_letters = {reason: group.counter(f"dead_letters_{reason.value}") for reason in Reason}

    def scored(self, transactions: int, alerts: int) -> None:
        """Count the transactions of a batch, and those that were not approved."""
        self._transactions.inc(transactions)
        if alerts:
            self._alerts.inc(alerts)

    def set_aside(self, rejections: Sequence[Rejection]) -> None:
        """Count the dead letters of a batch by their reasons."""
        for reason, count in Counter(item.reason for item in rejections).items():
            self._dead_letters[reason].inc(count)

    def deployed(self) -> None:
        """Count a deployment that a shard follows from now on."""
        self._deployments["served"].inc(1)

    def refused(self) -> None:
        """Count a deployment that a shard does not follow."""
        self._deployments["refused"].inc(1)

    def challenger_removed(self) -> None:
        """Count a challenger that a shard removed, since it failed or was too slow."""
        self._challengers_removed.inc(1)

    def fell_back(self) -> None:
        """Count a champion that failed, so that a shard went back to the models before it."""
        self._champions_failed.inc(1)

    def ruled(self, rules: Sequence[CompiledRule], ruling: Ruling) -> None:
        """Count for how many transactions each rule held; its counter is made when it first did."""
        for rule, hits in zip(rules, ruling.hits, strict=True):
            if hits:
                name = rule.rule.name
                if name not in self._rule_hits:
                    self._rule_hits[name] = self._group.add_group("rule", name).counter("hits")
                self._rule_hits[name].inc(hits)

    def rules_refused(self) -> None:
        """Count a rule book that a shard does not follow."""
        self._rules_refused.inc(1)
