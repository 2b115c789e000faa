"""Writes Evidently's page of data drift: runs in Evidently's own environment, and so imports nothing of ours.

Called with the reference, the current sample, the page, and the columns to compare.
"""

import sys

import pyarrow.parquet as pq
from evidently import DataDefinition, Dataset, Report
from evidently.presets import DataDriftPreset


def main() -> None:
    """Write it."""
    reference, current, page, *columns = sys.argv[1:]
    definition = DataDefinition(numerical_columns=columns)
    then, now = (
        Dataset.from_pandas(pq.read_table(file, columns=columns).to_pandas(), data_definition=definition)
        for file in (reference, current)
    )
    Report([DataDriftPreset()]).run(now, then).save_html(page)


if __name__ == "__main__":
    main()
