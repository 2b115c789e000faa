"""The scoring job with a fault in its operator: transactions of FAULTY_MINOR make the writing of scores raise."""

import sys
from collections.abc import Iterator
from typing import Any

from pyflink.datastream import RuntimeContext

from jobs import score_transactions, topology
from jobs.operators.score_batch import ScoreBatch

FAULTY_MINOR = 666_667


class FaultyScoreBatch(ScoreBatch):
    """Scores as ever, but for some amounts."""

    def open(self, runtime_context: RuntimeContext) -> None:
        """Put the fault where records are written."""
        super().open(runtime_context)
        outputs = self._job_model.serving(None, self._loader).desks[0].outputs
        was = outputs.decisions

        def decisions(records: Any, *rest: Any) -> Iterator[Any]:
            if FAULTY_MINOR in records.column("amount_minor").to_pylist():
                raise OverflowError("this amount")
            return was(records, *rest)

        vars(outputs)["decisions"] = decisions


if __name__ == "__main__":
    vars(topology)["ScoreBatch"] = FaultyScoreBatch  # by its name: to mypy a class is no variable
    score_transactions.main(sys.argv[1:])
