"""Program that writes Evidently's page of data drift, in an isolated environment without our packages.

Arguments: reference sample, current sample, page, columns to compare.
"""

import sys

import pyarrow.parquet as pq
from evidently import DataDefinition, Dataset, Report
from evidently.presets import DataDriftPreset


def main() -> None:
    """Write the page."""
    reference, current, page, *columns = sys.argv[1:]
    definition = DataDefinition(numerical_columns=columns)
    then, now = (
        Dataset.from_pandas(pq.read_table(file, columns=columns).to_pandas(), data_definition=definition)
        for file in (reference, current)
    )
    Report([DataDriftPreset()]).run(now, then).save_html(page)


if __name__ == "__main__":
    main()
