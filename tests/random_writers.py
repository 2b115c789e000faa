"""Random writer schemas with the record names of the project: valid Avro, however odd."""

import json
import random
from dataclasses import dataclass
from typing import Any

import fastavro

from schemas.framing import header
from tests.random_bodies import DEEPEST, RandomBody
from tests.records import NOON_MS

PRIMITIVE = ["null", "boolean", "int", "long", "float", "double", "bytes", "string"]
PROMOTED = {"long": ["int"], "double": ["float", "long", "int"], "string": ["bytes"]}
INT_TIMES = ["date", "time-millis"]
LONG_TIMES = [
    "time-micros", "timestamp-millis", "timestamp-micros", "timestamp-nanos",
    "local-timestamp-millis", "local-timestamp-micros", "local-timestamp-nanos",
]  # fmt: skip
LOGICAL = [
    *INT_TIMES,
    *LONG_TIMES,
    "uuid",
    "decimal",
    "duration",
    "big-decimal",
    "of-their-own",
    7,
    None,
    ["uuid"],
]
SPACES = ["fraudstream", "com.bank", "com.bank.cards", ""]

ODD_VALUES = [None, "", "x" * 257, 0, -1, 2**62, 91.0, float("nan"), NOON_MS // 1_000, NOON_MS * 1_000]
"""Values that a sender may put into any field, and that no record of the project has."""


@dataclass(frozen=True)
class RandomWriter:
    """A writer's schema and its properties.

    Attributes
    ----------
    text : str
        The schema as registered, with logical types, defaults, aliases, order attributes and docs.
    plain : Any
        The same without these, parsed for fastavro.
    named : dict
        Its named types by full name.
    name : str
        Full name of its record.
    other_unit : str or None
        The first time field of the reader that it declares in another unit, "field: expected X, got Y".
    """

    text: str
    plain: Any
    named: dict[str, Any]
    name: str
    other_unit: str | None

    def body(self, chance: random.Random, record: dict[str, Any]) -> bytes:
        """Return a body with the values of a record where their types allow it, and random ones elsewhere."""
        return RandomBody(chance, self.named).encode(self.plain, record, 0)


def framed(schema_id: int, body: bytes) -> bytes:
    """Return a body with the header of a topic's record."""
    return header(schema_id) + body


def random_writer(chance: random.Random, reader: dict[str, Any]) -> RandomWriter:
    """Return a schema that keeps most of a reader's fields, in any sequence and form, and adds some."""
    schema = _Schemas(chance).record_like(reader)
    declared, named = _decorated(chance, schema), {}
    plain = fastavro.parse_schema(schema, named)
    if chance.random() < 0.05:
        branches = chance.choice([["null", 0], [0, "null"], [0]])
        declared, plain = ([branch or form for branch in branches] for form in (declared, plain))
    record = next(branch for branch in (plain if isinstance(plain, list) else [plain]) if branch != "null")
    times = {field["name"] for field in reader["fields"] if "timestamp-millis" in json.dumps(field["type"])}
    fields = next(branch for branch in (declared if isinstance(declared, list) else [declared]) if branch != "null")
    units = {field["name"]: _other_unit(field) for field in fields["fields"] if field["name"] in times}
    wrong = [f"{field}: expected timestamp-millis, got {unit}" for field, unit in units.items() if unit]
    return RandomWriter(json.dumps(declared), plain, named, record["name"], next(iter(wrong), None))


class _Schemas:
    """Builder of plain schemas whose named types have unique names."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._known: list[str] = []
        self._names = 0

    def record_like(self, reader: dict[str, Any]) -> dict[str, Any]:
        """Return a record schema similar to a reader's."""
        chance = self._chance
        space = chance.choice(SPACES)
        name = reader["name"] if chance.random() < 0.93 else chance.choice(["Payment", reader["name"].upper()])
        # Changes of every field would leave few decodable records: most schemas have one or two.
        changes = chance.choice([0.0, 0.05, 0.1, 0.3])
        dropped = chance.choice([0.0, 0.0, 0.02, 0.2])
        kept = [field for field in reader["fields"] if chance.random() >= (0.3 if "default" in field else dropped)]
        fields = [{"name": field["name"], "type": self._retyped(field["type"], space, changes)} for field in kept]
        if chance.random() < 0.5:
            chance.shuffle(fields)
        for number in range(chance.choice([0, 0, 1, 2, 4])):
            added = {"name": f"more_{number}", "type": self.added(space, 0)}
            fields.insert(chance.randrange(len(fields) + 1), added)
        # A named type is defined at its first use, which shuffling may have changed.
        whole = {"type": "record", "name": name, "fields": _defined_first(fields, space)}
        return whole | ({"namespace": space} if space else {})

    def _retyped(self, kind: Any, space: str, changes: float) -> Any:
        chance = self._chance
        branches = kind if isinstance(kind, list) else [kind]
        (value,) = (_bare(branch) for branch in branches if branch != "null")
        if chance.random() < changes and isinstance(value, str):
            value = chance.choice(PROMOTED.get(value, [value]))
        if chance.random() < changes / 8:
            value = self._other(space, DEEPEST - 1)
        nullable = len(branches) > 1 if chance.random() >= changes else chance.random() < 0.5
        union = ["null", value] if nullable and value != "null" else [value]
        if chance.random() < changes / 2:
            more = chance.choice([name for name in PRIMITIVE if name not in union])
            union.append(more)
        if chance.random() < changes:
            chance.shuffle(union)
        return union if len(union) > 1 or chance.random() < changes / 4 else union[0]

    def _other(self, space: str, depth: int) -> Any:
        """Return any type that is no union."""
        known = len(self._known)
        found = self.added(space, depth)
        if not isinstance(found, list):
            return found
        del self._known[known:]  # its definitions are left out too
        return "boolean"

    def added(self, space: str, depth: int) -> Any:  # noqa: PLR0911 - one for each form
        """Return any type, a namespace around it."""
        chance = self._chance
        forms = ["primitive", "primitive", "enum", "fixed", "known", "union"]
        match chance.choice(forms + ["record", "array", "map"] * (depth < DEEPEST)):
            case "enum":
                return self._named(space, {"type": "enum", "symbols": ["A", "B", "C"][: chance.randint(1, 3)]})
            case "fixed":
                return self._named(space, {"type": "fixed", "size": chance.choice([0, 1, 12, 16])})
            case "known" if self._known:
                return chance.choice(self._known)
            case "record":
                return self._record(space, depth)
            case "array":
                return {"type": "array", "items": self.added(space, depth + 1)}
            case "map":
                return {"type": "map", "values": self.added(space, depth + 1)}
            case "union":
                return self._union(space, depth)
        return chance.choice(PRIMITIVE)

    def _union(self, space: str, depth: int) -> Any:
        branches = self._chance.sample(PRIMITIVE, self._chance.randint(1, 4))
        more = self._other(space, depth + 1)
        if isinstance(more, dict):
            branches.insert(self._chance.randrange(len(branches) + 1), more)
        return branches

    def _record(self, space: str, depth: int) -> Any:
        made = self._named(space, {"type": "record"}, known=False)
        inner, full_name = made.get("namespace", space), _full(made, space)
        fields = [{"name": f"f{n}", "type": self.added(inner, depth + 1)} for n in range(self._chance.randint(0, 3))]
        if self._chance.random() < 0.3:
            fields.append({"name": "next", "type": ["null", full_name]})
        self._known.append(full_name)
        return made | {"fields": fields}

    def _named(self, space: str, kind: dict[str, Any], *, known: bool = True) -> dict[str, Any]:
        self._names += 1
        made = kind | {"name": f"{self._chance.choice(['T', 'Transaction', 'Label', 'string'])}{self._names}"}
        # Within a namespace no name can refer to a type without one.
        if space and self._chance.random() < 0.3:
            made["namespace"] = self._chance.choice(["org.other", "com.bank"])
        if known:
            self._known.append(_full(made, space))
        return made


def _bare(kind: Any) -> Any:
    """Return a type without its logical type."""
    return kind["type"] if isinstance(kind, dict) and kind["type"] in PRIMITIVE else kind


def _full(kind: dict[str, Any], space: str) -> str:
    around = kind.get("namespace", space)
    return f"{around}.{kind['name']}" if around else str(kind["name"])


def _defined_first(fields: list[dict[str, Any]], space: str) -> list[dict[str, Any]]:
    """Return fields, each named type defined at its first use and referred to after it."""
    types: dict[str, tuple[dict[str, Any], str]] = {}
    for field in fields:
        _collect(field["type"], space, types)
    met: set[str] = set()
    return [{**field, "type": _resolved(field["type"], space, types, met)} for field in fields]


def _collect(kind: Any, space: str, types: dict[str, tuple[dict[str, Any], str]]) -> None:
    if isinstance(kind, list):
        for branch in kind:
            _collect(branch, space, types)
    elif isinstance(kind, dict):
        if "name" in kind:
            types[_full(kind, space)] = (kind, space)
        space = kind.get("namespace", space)
        for inner in (*(field["type"] for field in kind.get("fields", [])), kind.get("items"), kind.get("values")):
            _collect(inner, space, types)


def _resolved(kind: Any, space: str, types: dict[str, tuple[dict[str, Any], str]], met: set[str]) -> Any:
    if isinstance(kind, list):
        return [_resolved(branch, space, types, met) for branch in kind]
    name = _full(kind, space) if isinstance(kind, dict) and "name" in kind else kind
    if isinstance(name, str) and name in types:
        if name in met:
            return name
        met.add(name)
        found, around = types[name]
        kind = {**found, "namespace": found.get("namespace", around)}
        kind |= {"namespace": kind["namespace"]} if kind["namespace"] else {}
        space = kind["namespace"]
    if not isinstance(kind, dict):
        return kind
    defined = dict(kind)
    for part in ("items", "values"):
        if part in kind:
            defined[part] = _resolved(kind[part], space, types, met)
    if "fields" in kind:
        defined["fields"] = [{**field, "type": _resolved(field["type"], space, types, met)} for field in kind["fields"]]
    return defined


def _decorated(chance: random.Random, kind: Any) -> Any:
    """Return a schema with attributes that change no byte of its records."""
    if isinstance(kind, list):
        return [_decorated(chance, branch) for branch in kind]
    if isinstance(kind, str):
        if kind not in PRIMITIVE or chance.random() < 0.8:
            return kind
        return {"type": kind, **_attributes(chance)}
    made = {**kind, **(_attributes(chance) if chance.random() < 0.2 else {})}
    for part in ("items", "values"):
        if part in kind:
            made[part] = _decorated(chance, kind[part])
    if "fields" in kind:
        made["fields"] = [_decorated_field(chance, field) for field in kind["fields"]]
    return made


def _decorated_field(chance: random.Random, field: dict[str, Any]) -> dict[str, Any]:
    made = {**field, "type": _decorated(chance, field["type"])}
    if chance.random() < 0.15:
        made |= {"default": chance.choice([None, 0, "x", [], {}, -1.5]), "doc": chance.choice(["d", "", 7])}
    if chance.random() < 0.1:
        made |= {"order": chance.choice(["ascending", "descending", "ignore"]), "aliases": ["amount_minor", "is_fraud"]}
    if chance.random() < 0.03:
        made["logicalType"] = chance.choice(LOGICAL)
    return made


def _attributes(chance: random.Random) -> dict[str, Any]:
    return chance.choice(
        [
            {"logicalType": chance.choice(LOGICAL)},
            {"logicalType": "decimal", "precision": chance.choice([4, 0, -1, "x"]), "scale": chance.choice([0, 9, -1])},
            {"avro.java.string": "String", "doc": "text", "aliases": ["Old"]},
            {},
        ]
    )


def _other_unit(field: dict[str, Any]) -> str | None:
    branches = field["type"] if isinstance(field["type"], list) else [field["type"]]
    units = [_unit(branch) for branch in branches]
    if not isinstance(field["type"], list) and units == [None]:
        units = [_unit({"type": _kind_of(field["type"]), "logicalType": field.get("logicalType")})]
    return next((unit for unit in units if unit not in {None, "timestamp-millis"}), None)


def _unit(kind: Any) -> Any:
    if not isinstance(kind, dict):
        return None
    times = {"int": INT_TIMES, "long": LONG_TIMES}.get(kind["type"], [])
    return next((name for name in times if name == kind.get("logicalType")), None)


def _kind_of(kind: Any) -> Any:
    return kind["type"] if isinstance(kind, dict) else kind
