import pyarrow as pa

COLUMNS: dict[str, tuple[pa.DataType, bool]] = {
    "transaction_id": (pa.string(), False),
    "customer_id": (pa.string(), False),
    "merchant_id": (pa.string(), False),
    "merchant_category": (pa.string(), True),
    "transaction_type": (pa.string(), True),
    "amount_minor": (pa.int64(), False),
    "currency": (pa.string(), True),
    "device_id": (pa.string(), True),
    "latitude": (pa.float64(), True),
    "longitude": (pa.float64(), True),
    "event_time": (pa.timestamp("ms", tz="UTC"), False),
}
"""What the engine reads of a transaction: type, and whether null is allowed."""


def check_columns(records: pa.RecordBatch) -> None:
    """Raise ValueError unless the columns that the engine reads are there, of their type."""
    for name, (expected, _) in COLUMNS.items():
        index = records.schema.get_field_index(name)
        was = records.schema.field(index).type if index >= 0 else "missing"
        if was != expected:
            raise ValueError(f"Column {name} of the transactions: expected {expected}, was {was}")


def required(records: pa.RecordBatch, name: str) -> pa.Array:
    """Return a column, or raise ValueError when it has a null: bad records should not come here."""
    column = records.column(name)
    if column.null_count:
        raise ValueError(f"Column {name} of the transactions: expected a value in each row, was null in some")
    return column


def string_values(column: pa.Array) -> list[str]:
    """Return a string column without nulls as a list: by way of NumPy, as to_pylist takes 0.7 us a string."""
    values: list[str] = column.to_numpy(zero_copy_only=False).tolist()
    return values
