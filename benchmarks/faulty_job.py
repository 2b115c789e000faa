"""The scoring job with a fault at each stage of its operator: transactions with certain amounts make it raise."""

import sys
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pyflink.datastream import RuntimeContext

from jobs import score_transactions, topology
from jobs.operators.decode_batch import DecodeBatch
from jobs.operators.score_batch import ScoreBatch
from jobs.operators.serving import Serving
from models.features.pool import Load
from models.features.table import FEATURE_NAMES
from models.scoring.transaction_scorer import TransactionScorer
from schemas.arrow_buffers import numbers

STAGES = ("decoding", "features", "model", "records", "drift")
FAULTY_MINOR = {stage: 666_661 + number for number, stage in enumerate(STAGES)}
"""Amounts that each stage fails for, in minor units of a currency with cents."""

_AMOUNT = FEATURE_NAMES.index("amount")


class FaultyDecodeBatch(DecodeBatch):
    """`DecodeBatch` that fails for some amounts."""

    def open(self, runtime_context: RuntimeContext) -> None:
        """Inject a fault into the decoder."""
        super().open(runtime_context)
        decoder = self._decoder._decoder
        decode = decoder.decode

        def decoding(*arguments: Any) -> Any:
            batch = decode(*arguments)
            _check("decoding", _amounts(batch.records))
            return batch

        vars(decoder)["decode"] = decoding


class FaultyScoreBatch(ScoreBatch):
    """`ScoreBatch` that fails for some amounts."""

    def open(self, runtime_context: RuntimeContext) -> None:
        """Inject a fault into the objects of each stage: in thread mode the classes outlive the job."""
        super().open(runtime_context)
        subtask = self._subtask
        serving = subtask.job_model.serving(None, subtask.loader)
        _fail_before(serving.ensemble.champion.onnx, "score", "model", lambda x: x[:, _AMOUNT])
        _fail_before(serving.writers[0].outputs, "decisions", "records", lambda records, *_: _amounts(records))
        _fail_before(serving.observer, "observe", "drift", lambda _raw, scored, *_: scored.x[:, _AMOUNT])
        new_scorer = subtask.new_scorer

        def faulty_scorer(serving: Serving, load: Load) -> TransactionScorer:
            scorer = new_scorer(serving, load)
            _fail_before(scorer._engine, "advance", "features", lambda records, *_: _amounts(records))
            return scorer

        vars(subtask)["new_scorer"] = faulty_scorer


def _fail_before(owner: Any, name: str, stage: str, amounts_of: Callable[..., NDArray[Any]]) -> None:
    was = getattr(owner, name)

    def failing(*arguments: Any, **named: Any) -> Any:
        _check(stage, amounts_of(*arguments))
        return was(*arguments, **named)

    vars(owner)[name] = failing


def _amounts(records: Any) -> NDArray[np.float32]:
    return (numbers(records.column("amount_minor"), np.int64) / 100).astype(np.float32)


def _check(stage: str, amounts: NDArray[np.float32]) -> None:
    if (amounts == np.float32(FAULTY_MINOR[stage] / 100)).any():
        raise OverflowError(f"this amount, at {stage}")


if __name__ == "__main__":
    vars(topology)["DecodeBatch"] = FaultyDecodeBatch
    vars(topology)["ScoreBatch"] = FaultyScoreBatch  # by its name: to mypy a class is no variable
    score_transactions.main(sys.argv[1:])
