"""Reading of a file with some columns replaced."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from schemas.columns import LABELLED_ARROW, read_history
from schemas.errors import UserError
from tests.unit.schemas.history_columns import columns


@pytest.fixture
def read(tmp_path):
    def read(schema=LABELLED_ARROW, timezone=None, **other):
        path = tmp_path / "history.parquet"
        pq.write_table(pa.table(columns(**other)), path)
        return read_history(path, schema, timezone=timezone)

    return read


@pytest.fixture
def refusal(read):
    def refusal(**other):
        with pytest.raises(UserError) as error:
            read(**other)
        text = str(error.value)
        assert "Traceback" not in text
        return text

    return refusal
