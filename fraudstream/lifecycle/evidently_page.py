"""Program that writes Evidently's page of data drift, in an isolated environment without our packages.

Arguments: reference sample, current sample, page, columns to compare: names in the two samples, and on the page.
"""

import sys

import pyarrow.parquet as pq
from evidently import DataDefinition, Dataset, Report
from evidently.presets import DataDriftPreset


def main() -> None:
    """Write the page."""
    reference, current, page, *compared = sys.argv[1:]
    before, after, columns = (list(names) for names in zip(*(names.split(":") for names in compared), strict=True))
    definition = DataDefinition(numerical_columns=columns)
    then, now = (
        Dataset.from_pandas(
            pq.read_table(file, columns=names).rename_columns(columns).to_pandas(), data_definition=definition
        )
        for file, names in ((reference, before), (current, after))
    )
    Report([DataDriftPreset()]).run(now, then).save_html(page)


if __name__ == "__main__":
    main()
