"""The scoring job with a clock at every stage of its operator; the results are Flink counters, see GROUP."""

import sys
from collections.abc import Iterator
from typing import Any

from pyflink.datastream import KeyedProcessFunction, RuntimeContext

from benchmarks.stage_clock import StageClock
from benchmarks.stage_names import BATCHES, BETWEEN, EVENTS, GROUP, STAGES
from jobs import score_transactions, topology
from jobs.operators.decoded_batch import DecodedBatch
from jobs.operators.score_batch import ScoreBatch
from jobs.operators.serving import Serving
from models.features.pool import Load
from models.scoring.transaction_scorer import TransactionScorer


class TimedScoreBatch(ScoreBatch):
    """`ScoreBatch` that counts the nanoseconds of each stage per batch."""

    def open(self, runtime_context: RuntimeContext) -> None:
        """Wrap each stage with the clock."""
        super().open(runtime_context)
        self._clock = clock = StageClock()
        subtask = self._subtask
        clock.wrap(DecodedBatch, "decode", "decode")
        serving = subtask.job_model.serving(None, subtask.loader)
        (model,), (writer,) = serving.ensemble.models, serving.writers
        clock.wrap(model.onnx, "score", "onnx")
        clock.wrap(subtask.state.histories, "put_all", "state_write")
        for segment in subtask.state.history_log:
            clock.wrap(segment, "put", "state_write")
        clock.wrap(writer.outputs, "_alert_batches", "encode_alerts")
        clock.wrap(writer.outputs._scores, "encode", "encode_scores")
        clock.wrap_iterator(writer.inference_log, "sample", "feature_log")
        clock.wrap(serving.observer, "observe", "drift")
        new_scorer = subtask.new_scorer

        def timed_scorer(serving: Serving, load: Load) -> TransactionScorer:
            scorer = new_scorer(serving, clock.timed("state_read", load))
            clock.wrap(scorer._engine, "advance", "features")
            clock.wrap(scorer._engine, "remember", "features")
            clock.wrap(scorer._engine, "records", "encode_histories")
            return scorer

        vars(subtask)["new_scorer"] = timed_scorer
        self._waits = False
        group = runtime_context.get_metrics_group().add_group(GROUP)
        self._counters = {name: group.counter(name) for name in (*STAGES, EVENTS, BATCHES)}
        count_scored = subtask.counts.scored

        def scored(transactions: int, alerts: int) -> None:
            self._counters[EVENTS].inc(transactions)
            self._counters[BATCHES].inc(1)
            count_scored(transactions, alerts)

        vars(subtask.counts)["scored"] = scored

    def process_element(self, value: Any, ctx: KeyedProcessFunction.Context) -> Iterator[Any]:
        """Process a MICRO_BATCH; the decoding counted here is that of what DecodeBatch sends."""
        clock, rows = self._clock, super().process_element(value, ctx)
        if self._waits:
            clock.leave()
        while True:
            with clock.stage("operator"):
                row = next(rows, None)
            if row is None:
                break
            with clock.stage("hand_on"):  # converted and sent on by the JVM before it asks for more
                yield row
        for name, spent_ns in clock.collect().items():
            self._counters[name].inc(spent_ns)
        self._waits = True
        clock.enter(BETWEEN)


if __name__ == "__main__":
    vars(topology)["ScoreBatch"] = TimedScoreBatch  # by its name: to mypy a class is no variable
    score_transactions.main(sys.argv[1:])
