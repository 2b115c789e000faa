"""Parser of maps, from the tables of their TOML."""

from collections.abc import Mapping
from typing import Any

from schemas.mapping.number_text import DECIMALS, PLAIN, THOUSANDS, NumberFormat
from schemas.mapping.time_text import EPOCHS, ISO, ISO_8601, TimeFormat, TimeFormatError
from schemas.mapping.transaction_map import (
    COLUMN_KINDS,
    CORE_FIELDS,
    DEFAULT_KEY_VARIABLE,
    LABEL_COLUMNS,
    NEGATIVES,
    UNITS,
    FileFormat,
    Kind,
    MapError,
    Source,
    Target,
    TransactionMap,
)
from schemas.rule_book import meant
from schemas.shown import shown
from schemas.time_zone import time_zone_problem

TABLES = ("file", "transaction", "columns", "hash", "entities", "features")
"""Tables of a map; the last two are those of a declaration, which may be in the same file."""

DECLARATION_KEYS = ("schema", "former", "roles")
"""Keys of a declaration in its table [transaction]."""

_ORIGIN = ("column", "columns", "join", "constant", "default")
_NUMBER = ("decimal", "thousands")
_KEYS = {
    Kind.TEXT: ("hash", "token"),
    Kind.AMOUNT: (*_NUMBER, "unit", "negative", "round"),
    Kind.NUMBER: _NUMBER,
    Kind.TIME: ("format", "timezone"),
    Kind.FLAG: ("true", "false", "filled"),
}
_FILE_KEYS = ("encoding", "separator", "quote", "header", "empty", "decimal", "thousands", "timezone")
_JOINS = {Kind.TEXT: "/", Kind.TIME: " "}
_LABEL, _LABEL_TIME = (item.name for item in LABEL_COLUMNS)


def parse_map(tables: Mapping[str, Any], *, timezone: str | None = None) -> TransactionMap:
    """Return the map that the tables of a TOML file declare.

    Parameters
    ----------
    timezone : str, optional
        IANA time zone of times without one, unless the map has one.

    Raises
    ------
    MapError
        A line for each mistake.
    """
    parser = _Parser(timezone)
    found = parser.map_of(tables)
    if parser.problems:
        raise MapError("\n".join(parser.problems))
    return found


class _Parser:
    """Reads the tables, and collects the mistakes."""

    def __init__(self, timezone: str | None) -> None:
        self.problems: list[str] = []
        self._usual: dict[str, Any] = {"decimal": ".", "thousands": "", "timezone": timezone}

    def map_of(self, tables: Mapping[str, Any]) -> TransactionMap:
        self._require_known("the map", tables, TABLES)
        file = self._file(self._table(tables, "file"))
        sources: dict[Target, Source] = {}
        fields = self._table(tables, "transaction")
        self._require_known("[transaction]", fields, (*CORE_FIELDS, *DECLARATION_KEYS))
        for name, item in CORE_FIELDS.items():
            if name in fields:
                target = Target.of(item)
                sources[target] = self._source(f"{name} in [transaction]", target.kind, fields[name], name)
            elif not Target.of(item).nullable:
                self._add(f"{name} in [transaction]", f'found none. Name its column: {name} = "..."')
        if (_LABEL in fields) != (_LABEL_TIME in fields):
            self._add(f"{_LABEL} and {_LABEL_TIME}, or neither", "got one of them. Add the other")
        for name, declared in self._table(tables, "columns").items():
            if column := self._further(name, declared):
                sources[column[0]] = column[1]
        hashing = self._table(tables, "hash")
        self._require_known("[hash]", hashing, ("key_variable",))
        variable = self._value("[hash]", hashing, "key_variable", str, DEFAULT_KEY_VARIABLE)
        return TransactionMap(sources=sources, file=file, key_variable=variable)

    def _file(self, table: Mapping[str, Any]) -> FileFormat:
        self._require_known("[file]", table, _FILE_KEYS)
        where = "[file]"
        self._usual["decimal"] = self._value(where, table, "decimal", str, ".")
        self._usual["thousands"] = self._value(where, table, "thousands", str, "")
        self._usual["timezone"] = self._value(where, table, "timezone", str, self._usual["timezone"])
        separator, quote = (self._value(where, table, key, str, None) for key in ("separator", "quote"))
        for key, text in {"separator": separator, "quote": quote}.items():
            if text is not None and (len(text) > 1 or not text.isascii() or (not text and key == "separator")):
                self._add(f"one ASCII character as {key} in [file]", f"got {text!r}")
        return FileFormat(
            encoding=self._value(where, table, "encoding", str, None),
            separator=separator,
            quote=quote,
            header=self._value(where, table, "header", bool, None),
            empty=self._texts(table, "empty", ()),
        )

    def _further(self, name: str, declared: Any) -> tuple[Target, Source] | None:
        where = f"{name} in [columns]"
        table = {"kind": declared} if isinstance(declared, str) else declared
        if name in CORE_FIELDS:
            self._add("other names in [columns] than a transaction's", f"got {name}. Move it to [transaction]")
            return None
        if not isinstance(table, dict) or table.get("kind") not in COLUMN_KINDS:
            got = shown(table.get("kind") if isinstance(table, dict) else table)
            self._add(f"one of {', '.join(COLUMN_KINDS)} as the kind of {where}", f"got {got}")
            return None
        kind = COLUMN_KINDS[table["kind"]]
        rest = {key: value for key, value in table.items() if key != "kind"}
        if not rest.keys() & {"column", "columns", "constant"}:
            rest["column"] = name
        return Target(name=name, kind=kind), self._source(where, kind, rest, name)

    def _source(self, where: str, kind: Kind, declared: Any, name: str) -> Source:
        table = {"column": declared} if isinstance(declared, str) else declared
        if not isinstance(table, dict):
            self._add(f"a column's name or a table as {where}", f"got {shown(declared)}")
            return Source()
        extra = ("delay_days",) if name == _LABEL_TIME else ()
        self._require_known(where, table, (*_ORIGIN, *_KEYS[kind], *extra))
        columns = self._columns(where, table)
        delay = self._value(where, table, "delay_days", (int, float), None)
        constant = table.get("constant")
        if (not columns) == (constant is None) and not (delay is not None and not columns):
            self._add(f"either column, columns or constant as {where}", f"got {shown(table)}")
        return Source(
            columns=columns,
            join=self._value(where, table, "join", str, _JOINS.get(kind, "")),
            constant=None if constant is None else _text(constant),
            default=self._value(where, table, "default", str, None),
            hash=self._value(where, table, "hash", bool, False),
            token=self._value(where, table, "token", bool, False),
            number=self._number(where, table) if kind in {Kind.AMOUNT, Kind.NUMBER} else PLAIN,
            unit=self._choice(where, table, "unit", UNITS),
            negative=self._choice(where, table, "negative", NEGATIVES),
            round=self._value(where, table, "round", bool, False),
            time=self._time(where, table, end_of_day=name == _LABEL_TIME) if kind is Kind.TIME else ISO_8601,
            delay_days=delay,
            filled=self._value(where, table, "filled", bool, False),
            **{key: self._texts(table, key, getattr(Source, key)) for key in ("true", "false")},
        )

    def _columns(self, where: str, table: Mapping[str, Any]) -> tuple[str, ...]:
        if "column" in table and "columns" in table:
            self._add(f"column or columns as {where}", "got both. Remove one")
        if "column" in table:
            return (self._value(where, table, "column", str, ""),)
        names = table.get("columns", [])
        if isinstance(names, list) and all(isinstance(name, str) for name in names):
            return tuple(names)
        self._add(f"a list of names as columns of {where}", f"got {shown(names)}")
        return ()

    def _number(self, where: str, table: Mapping[str, Any]) -> NumberFormat:
        decimal = self._value(where, table, "decimal", str, self._usual["decimal"])
        thousands = self._value(where, table, "thousands", str, self._usual["thousands"])
        if decimal not in DECIMALS:
            self._add(f"a point or a comma as decimal of {where}", f"got {decimal!r}")
        elif thousands not in THOUSANDS or thousands == decimal:
            signs = ", ".join(repr(sign) for sign in THOUSANDS if sign not in {"", decimal})
            self._add(f"one of {signs} as thousands of {where}", f"got {thousands!r}")
        else:
            return NumberFormat(decimal, thousands)
        return PLAIN

    def _time(self, where: str, table: Mapping[str, Any], *, end_of_day: bool) -> TimeFormat:
        timezone = self._value(where, table, "timezone", str, self._usual["timezone"])
        pattern = self._value(where, table, "format", str, ISO)
        if timezone is not None and (problem := time_zone_problem(timezone)):
            self._add(f"an IANA time zone as timezone of {where}", f"got {problem}")
            return ISO_8601
        try:
            found = TimeFormat(pattern, timezone, end_of_day)
        except TimeFormatError as error:
            if "%" in pattern:
                self.problems.append(f"format of {where}: {error}. Correct it")
            else:
                names = ", ".join((ISO, *EPOCHS))
                self._add(f"{names} or a pattern such as %d.%m.%Y %H:%M as format of {where}", f"got {pattern!r}")
            return ISO_8601
        if found.needs_timezone and timezone is None:
            self._add(
                f"the time zone of {where}", 'found none. Set timezone = "Europe/Berlin" in [file], or --timezone'
            )
        return found

    def _table(self, tables: Mapping[str, Any], name: str) -> Mapping[str, Any]:
        found = tables.get(name, {})
        if isinstance(found, dict):
            return found
        self._add(f"a table [{name}]", f"got {shown(found)}")
        return {}

    def _choice(self, where: str, table: Mapping[str, Any], key: str, choices: tuple[Any, ...]) -> Any:
        value = table.get(key, choices[0])
        if value not in choices:
            self._add(f"one of {', '.join(choices)} as {key} of {where}", f"got {shown(value)}")
        return value

    def _texts(self, table: Mapping[str, Any], key: str, usual: tuple[str, ...]) -> tuple[str, ...]:
        values = table.get(key, usual)
        values = values if isinstance(values, list | tuple) else [values]
        return tuple(_text(value).strip().lower() for value in values)

    def _value(self, where: str, table: Mapping[str, Any], key: str, kinds: Any, usual: Any) -> Any:
        value = table.get(key, usual)
        if value is usual or (isinstance(value, kinds) and not (isinstance(value, bool) and kinds is not bool)):
            return value
        name = {str: "a text", bool: "true or false"}.get(kinds, "a number")
        self._add(f"{name} as {key} of {where}", f"got {shown(value)}")
        return usual

    def _require_known(self, where: str, table: Mapping[str, Any], known: Any) -> None:
        for name in table:
            if name not in known:
                hint = meant(name, known) or f": choose one of {', '.join(known)}"
                self._add(f"known names in {where}", f"got {name}{hint}")

    def _add(self, expected: str, got: str) -> None:
        self.problems.append(f"expected {expected}, {got}")


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
