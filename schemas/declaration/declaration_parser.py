"""Parser of declarations, from the tables of their TOML."""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from schemas.columns import INFERENCE_ARROW
from schemas.declaration.column_kind import TIMESTAMP, ColumnKind
from schemas.declaration.declaration import Declaration, DeclarationError
from schemas.declaration.declared_column import DeclaredColumn
from schemas.declaration.declared_entity import DeclaredEntity
from schemas.declaration.team_schema import SIMPLE, AvroField, TeamSchema
from schemas.rule_book import meant
from schemas.shown import shown
from schemas.transaction_fields import LABEL_FIELDS, TRANSACTION_FIELDS, Field, Role, TextSize

TABLES = ("transaction", "columns", "entities", "features", "file", "hash")
"""Tables of a declaration; the last two are those of a map of files, which may be in the same file."""

BUILT_IN_ENTITIES = {"customer": "customer_id", "merchant": "merchant_id", "device": "device_id"}
"""Entities that all deployments have, and the field that identifies each."""

MAX_COLUMNS = 200
"""Columns of a declaration: each is read, sent and logged with every transaction."""

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_KINDS = tuple(kind.value for kind in ColumnKind)
_CORE = {field.name: field for field in TRANSACTION_FIELDS}
_LABEL_FIELDS = {field.name for field in LABEL_FIELDS if field.role in {Role.LABEL, Role.LABEL_TIME}}
_RESERVED = {*_CORE, *_LABEL_FIELDS, *INFERENCE_ARROW.names}
_TEXT_FIELDS = tuple(field.name for field in TRANSACTION_FIELDS if isinstance(field.check, TextSize))
_AVRO_OF = {"string": "string", "int64": "long", "double": "double"}

ReadSchema = Callable[[str], Any]
"""Reads the JSON of a schema that a declaration names; a DeclarationError has no file name."""


def parse_declaration(tables: Mapping[str, Any], read_schema: ReadSchema) -> Declaration:
    """Return the declaration that the tables of a TOML file have.

    Raises
    ------
    DeclarationError
        A line for each mistake.
    """
    parser = _Parser(read_schema)
    found = parser.declaration_of(tables)
    if parser.problems or found is None:
        raise DeclarationError("\n".join(parser.problems))
    return found


class _Parser:
    """Reads the tables, and collects the mistakes."""

    def __init__(self, read_schema: ReadSchema) -> None:
        self.problems: list[str] = []
        self._read_schema = read_schema

    def declaration_of(self, tables: Mapping[str, Any]) -> Declaration | None:
        self._require_known("the declaration", tables, TABLES)
        transaction = self._table(tables, "transaction")
        self._require_known("[transaction]", transaction, ("schema", "former", "roles", *_CORE, *_LABEL_FIELDS))
        columns = self._columns(self._table(tables, "columns"))
        roles = self._roles(transaction.get("roles", {}), {column.name for column in columns})
        entities = self._entities(self._table(tables, "entities"), {column.name: column for column in columns})
        features = self._features(tables.get("features", []))
        schema = self._schema(transaction, columns, roles)
        if self.problems or schema is None:
            return None
        return Declaration(columns=columns, roles=roles, entities=entities, raw_features=features, schema=schema)

    def _columns(self, table: Mapping[str, Any]) -> tuple[DeclaredColumn, ...]:
        if len(table) > MAX_COLUMNS:
            self._add(f"at most {MAX_COLUMNS} columns in [columns]", f"got {len(table)}. Remove some")
        return tuple(
            DeclaredColumn(name=name, kind=kind)
            for name, declared in table.items()
            if (kind := self._kind(name, declared)) is not None
        )

    def _kind(self, name: str, declared: Any) -> ColumnKind | None:
        # A map of files has a table here, with the origin of the values.
        kind = declared.get("kind") if isinstance(declared, dict) else declared
        if not _NAME.fullmatch(name):
            self._add("names of letters, digits and _ in [columns]", f"got {shown(name)}. Rename it")
        elif name in _RESERVED:
            advice = "Each transaction has it: remove it" if name in _CORE else "Rename it"
            self._add("names in [columns] that no record has already", f"got {name}. {advice}")
        elif not isinstance(kind, str) or kind not in _KINDS:
            hint = meant(kind, _KINDS) if isinstance(kind, str) else ""
            self._add(f"one of {', '.join(_KINDS)} as the kind of {name} in [columns]", f"got {shown(kind)}{hint}")
        else:
            return ColumnKind(kind)
        return None

    def _roles(self, table: Any, columns: set[str]) -> dict[str, str]:
        where = "roles in [transaction]"
        if not isinstance(table, dict):
            self._add(f"a table of names as {where}", f'got {shown(table)}. Write {{ customer_id = "card" }}')
            return {}
        self._require_known(where, table, _CORE)
        roles: dict[str, str] = {}
        for role, name in table.items():
            if role not in _CORE:
                continue
            if not isinstance(name, str) or not _NAME.fullmatch(name):
                self._add(f"the name of a field as {role} of {where}", f"got {shown(name)}. Correct it")
            elif name in columns:
                self._add(f"a field of its own as {role} of {where}", f"got {name} of [columns]. Remove it there")
            else:
                roles[role] = name
        used = [roles.get(role, role) for role in _CORE]
        for name in sorted(name for name, count in Counter(used).items() if count > 1):
            both = " and ".join(role for role in _CORE if roles.get(role, role) == name)
            self._add(f"each field under one role in {where}", f"got {name} as {both}. Give each its own")
        return {role: name for role, name in roles.items() if role != name}

    def _entities(self, table: Mapping[str, Any], columns: Mapping[str, DeclaredColumn]) -> tuple[DeclaredEntity, ...]:
        found = []
        for name, declared in table.items():
            of = declared if isinstance(declared, list) else [declared]
            where = f"{name} in [entities]"
            if not _NAME.fullmatch(name):
                self._add("names of letters, digits and _ in [entities]", f"got {shown(name)}. Rename it")
            elif name in BUILT_IN_ENTITIES and of != [BUILT_IN_ENTITIES[name]]:
                self._add(f"{BUILT_IN_ENTITIES[name]} as {where}", f"got {shown(declared)}. Rename the entity")
            elif not of or len(set(map(str, of))) < len(of) or not all(isinstance(column, str) for column in of):
                self._add(f"a column or a list of different ones as {where}", f"got {shown(declared)}. Correct it")
            elif [self._identifies(column, where, columns) for column in of].count(False) == 0:
                found.append(DeclaredEntity(name=name, columns=tuple(of)))
        return tuple(found)

    def _identifies(self, column: str, where: str, columns: Mapping[str, DeclaredColumn]) -> bool:
        if column in _TEXT_FIELDS:
            return True
        expected = f"a text, or a category, as the column of {where}"
        if column in columns:
            kind = columns[column].kind
            if not kind.is_text:
                self._add(expected, f'got {column}, a {kind}. Declare it as "text", or choose another column')
            return kind.is_text
        if column in _CORE:
            self._add(expected, f"got {column}, a number or time. Choose another column")
        else:
            hint = meant(column, (*columns, *_TEXT_FIELDS)) or f'. Declare it: {column} = "text" in [columns]'
            self._add(expected, f"got {column}, which is not declared{hint}")
        return False

    def _features(self, tables: Any) -> tuple[dict[str, Any], ...]:
        if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
            self._add("tables [[features]]", f"got {shown(tables)}. Write double brackets")
            return ()
        try:
            json.dumps(tables)
        except TypeError:  # of a date or a time
            self._add("texts, numbers and flags in [[features]]", "got a date or time. Write it as a text")
        return tuple(tables)

    def _schema(
        self, transaction: Mapping[str, Any], columns: Iterable[DeclaredColumn], roles: Mapping[str, str]
    ) -> TeamSchema | None:
        named, former = transaction.get("schema"), transaction.get("former", [])
        if not isinstance(former, list):
            self._add("a list of files as former in [transaction]", f"got {shown(former)}. Write brackets")
            return None
        earlier = [self._avro(name, "former") for name in former]
        if named is None:
            generated = TeamSchema.generated(columns, roles)
            return TeamSchema(text=generated.text, former=tuple(TeamSchema.of(one).text for one in earlier if one))
        schema = self._avro(named, "schema")
        if schema is None:
            return None
        found = TeamSchema.of(schema, [one for one in earlier if one])
        self._check_fields(str(named), found, columns, roles)
        return found

    def _avro(self, name: Any, key: str) -> dict[str, Any] | None:
        if not isinstance(name, str):
            self._add(f"the name of a file as {key} in [transaction]", f"got {shown(name)}. Correct it")
            return None
        try:
            schema = self._read_schema(name)
        except DeclarationError as error:
            self.problems.append(str(error))
            return None
        fields = schema.get("fields") if isinstance(schema, dict) else None
        if isinstance(fields, list) and all(isinstance(one, dict) and {"name", "type"} <= one.keys() for one in fields):
            return dict(schema)
        self._add(f"the Avro schema of a record in {name}", f"got {shown(schema)}. Name another file")
        return None

    def _check_fields(
        self, file: str, schema: TeamSchema, columns: Iterable[DeclaredColumn], roles: Mapping[str, str]
    ) -> None:
        fields = {field.name: field for field in schema.fields}
        for field in _CORE.values():
            name = roles.get(field.name, field.name)
            if name in fields:
                self._check_core(file, field, fields[name])
            elif field.name in roles or not field.nullable:
                hint = meant(name, fields) or f'. Name it: roles = {{ {field.name} = "..." }}'
                self._add(f"a field {name} in {file}, as {field.name}", f"found none{hint}")
        for column in columns:
            expected = f"a field {column.name} in {file}, of [columns]"
            if column.name not in fields:
                self._add(expected, f"found none{meant(column.name, fields) or '. Remove it from [columns]'}")
            elif fields[column.name].type not in column.kind.avro_types:
                types = " or ".join(column.kind.avro_types)
                self._add(
                    f"{types} as the type of {column.name} in {file}, a {column.kind}",
                    f"got {shown(fields[column.name].type)}. Declare another kind, or change the schema",
                )
        read = {*(roles.get(name, name) for name in _CORE), *(column.name for column in columns)}
        for other in schema.fields:
            if other.name not in read and other.type not in {*SIMPLE, TIMESTAMP}:
                self._add(
                    f"fields of {', '.join(SIMPLE)}, or null and one of these, in {file}",
                    f"got {other.name} of {shown(other.type)}. Leave it out of the file: readers skip what they "
                    "do not know",
                )

    def _check_core(self, file: str, field: Field, found: AvroField) -> None:
        expected = TIMESTAMP if field.role is Role.EVENT_TIME else _AVRO_OF[str(field.type)]
        title = f"{found.name} in {file}, as {field.name}"
        if found.type != expected:
            self._add(f"{expected} as the type of {title}", f"got {shown(found.type)}. Change the schema")
        elif found.nullable and not field.nullable:
            self._add(f"a value in each record as {title}", "got a type with null. Change the schema")

    def _table(self, tables: Mapping[str, Any], name: str) -> Mapping[str, Any]:
        found = tables.get(name, {})
        if isinstance(found, dict):
            return found
        self._add(f"a table [{name}]", f"got {shown(found)}. Correct it")
        return {}

    def _require_known(self, where: str, table: Mapping[str, Any], known: Iterable[str]) -> None:
        names = tuple(known)
        for name in table:
            if name not in names:
                hint = meant(name, names) or f": choose one of {', '.join(names)}"
                self._add(f"known names in {where}", f"got {name}{hint}")

    def _add(self, expected: str, got: str) -> None:
        self.problems.append(f"expected {expected}, {got}")
