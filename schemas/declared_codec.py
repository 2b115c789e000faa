"""Encoding and decoding of single transactions of a deployment's own schema."""

from typing import Any

from schemas.codec import RecordCodec
from schemas.declaration.declaration import Declaration
from schemas.registry import SchemaRegistry
from schemas.transaction_fields import TRANSACTION_FIELDS


class DeclaredCodec(RecordCodec):
    """Codec of transactions whose fields have other names in Avro; records have the transaction's and declared ones."""

    def __init__(self, declaration: Declaration, subject: str, registry: SchemaRegistry) -> None:
        super().__init__(declaration.schema, subject, registry)
        names = (*(field.name for field in TRANSACTION_FIELDS), *(column.name for column in declaration.columns))
        written = {field.name for field in declaration.schema.fields}
        self._names = {name: declaration.roles.get(name, name) for name in names}
        self._unwritten = {name for name, other in self._names.items() if other not in written}

    def encode(self, record: dict[str, Any]) -> bytes:
        """Return `record` as a framed payload; a column that it lacks is null."""
        return super().encode({self._names.get(name, name): value for name, value in record.items()})

    def decode(self, payload: bytes) -> dict[str, Any]:
        """Return the record in `payload`; raises as `RecordCodec.decode`."""
        found = super().decode(payload)
        return {name: None if name in self._unwritten else found[other] for name, other in self._names.items()}
