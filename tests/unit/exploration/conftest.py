"""A small archive as `fraudstream archive` writes it, with labels, and with the flaws of real ones."""

from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from fraudstream.archive.archive_folder import ArchiveFolder, archive_table
from fraudstream.exploration.store import Store
from schemas.avro_schemas import INFERENCE
from schemas.columnar_decoder import ColumnarDecoder
from schemas.columns import INFERENCE_ARROW, LABEL_ARROW
from schemas.registry import FileRegistry
from tests.integration.expected import card_world
from tests.integration.inference_records import inference_records

ROWS, AGAIN = 6_000, 500
HOUR_MS = 3_600_000


@pytest.fixture(scope="session")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write ROWS transactions; the last AGAIN of them a second time, as after a restart."""
    folder = tmp_path_factory.mktemp("exploration") / "archive"
    decoder = ColumnarDecoder(INFERENCE, INFERENCE_ARROW, "inference-value", FileRegistry())
    payloads = [payload for _, payload in inference_records(ROWS)]
    records, _ = decoder.decode(payloads + payloads[-AGAIN:])
    with ArchiveFolder(folder, "inference") as target:
        table = archive_table(records, [(0, offset) for offset in range(len(records))])
        target.write(table.slice(0, 2_000), {0: 2_000})
        target.write(table.slice(2_000), {0: len(table)})
    (folder / "date=2026-01-05" / "_0-00000000000000009999.parquet").write_bytes(b"being written")
    return folder


@pytest.fixture(scope="session")
def truth() -> pa.Table:
    """Return the newest labels; every third transaction has none."""
    table = card_world(ROWS)
    labelled = [row for row in range(ROWS) if row % 3]
    return table.take(labelled)


@pytest.fixture(scope="session")
def labels(truth: pa.Table, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write the labels shuffled, each with an earlier, contrary one."""
    held = truth.select(LABEL_ARROW.names)
    earlier = held.set_column(
        held.schema.get_field_index("is_fraud"), held.schema.field("is_fraud"), pc.invert(held["is_fraud"])
    ).set_column(
        held.schema.get_field_index("label_time"),
        held.schema.field("label_time"),
        pc.subtract(held["label_time"], pa.scalar(HOUR_MS, pa.duration("ms"))),
    )
    file = tmp_path_factory.mktemp("labels") / "labels.parquet"
    pq.write_table(pa.concat_tables([held, earlier]).sort_by("transaction_id"), file)
    return file


@pytest.fixture(scope="session")
def store(archive: Path, labels: Path) -> Store:
    return Store(archive, labels)
