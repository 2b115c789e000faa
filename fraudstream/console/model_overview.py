"""Served and registered models, and shadow results."""

import time
from dataclasses import asdict
from typing import Any

from fraudstream.control.model_events import SERVING, read_model_events
from fraudstream.kafka.broker import Broker
from fraudstream.lifecycle.shadow_results import ShadowResult, read_shadow_records

COMPARED_S = 3_600.0
"""Period whose comparisons with the champion are added up."""


class ModelOverview:
    """Overview of the models: in the shards, in the registry, and challengers compared with the champion."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker

    def read(self) -> dict[str, Any]:
        """Return `serving`, `events`, `comparisons` of the last hour, `versions`."""
        events = read_model_events(self._broker)
        serving = {event.shard: event for event in events if event.kind == SERVING}
        since_ms = int((time.time() - COMPARED_S) * 1000)
        records = read_shadow_records(self._broker, since_ms=since_ms)
        pairs = dict.fromkeys((record["champion_id"], record["challenger_id"]) for record in reversed(records))
        results = [ShadowResult.of(records, *pair) for pair in pairs]
        return {
            "serving": [
                {"model_id": event.model_id, "challengers": event.challengers, "shard": shard, "since": event.at}
                for shard, event in sorted(serving.items())
            ],
            "events": [asdict(event) for event in reversed(events[-20:])],
            "comparisons": [{**asdict(result), "agreement": result.agreement} for result in results],
            "versions": self._versions(),
        }

    def _versions(self) -> list[dict[str, Any]]:
        """List the registered models; MLflow, which loads for seconds, is left out where none was ever registered."""
        settings = self._broker.settings
        if not settings.models.tracking_uri and not (settings.state.models / "registry.db").is_file():
            return []
        from fraudstream.lifecycle.model_registry import ModelRegistry  # noqa: PLC0415

        return [asdict(version) for version in ModelRegistry(settings).versions()]
