"""Archive and labels as SQL tables."""

from pathlib import Path

import duckdb
import pyarrow as pa

HERE = Path(__file__).parent


class Store:
    """Inference archive and labels as SQL tables, see views.sql.

    Parameters
    ----------
    archive : Path
        Folder that `fraudstream archive` writes.
    labels : Path, optional
        Parquet file with customer_id, transaction_id, is_fraud and label_time.
    """

    def __init__(self, archive: Path, labels: Path | None = None) -> None:
        # Nothing is downloaded: what the queries need is in the wheel.
        self._database = duckdb.connect(config={"autoinstall_known_extensions": False})
        # The pattern skips files that are being written. Files of another version may have other features.
        files = f"{archive}/date=*/[0-9]*.parquet"
        self._database.read_parquet(files, hive_partitioning=False, union_by_name=True).create_view("logged")
        self._database.execute(
            "CREATE TABLE label_rows "
            "(customer_id VARCHAR, transaction_id VARCHAR, is_fraud BOOLEAN, label_time TIMESTAMPTZ)"
        )
        if labels is not None:
            found = self._database.read_parquet(str(labels))
            found.select("customer_id", "transaction_id", "is_fraud", "label_time").insert_into("label_rows")
        self._database.execute((HERE / "views.sql").read_text())

    def run(self, sql: str) -> pa.Table:
        """Return the result of a query."""
        return self._database.sql(sql).to_arrow_table()

    def answer(self, name: str) -> pa.Table:
        """Return the result of a query of the folder queries/."""
        return self.run(query(name))


def query(name: str) -> str:
    """Return the text of a query of the folder queries/."""
    return (HERE / "queries" / f"{name}.sql").read_text()
