"""Commands `features ...`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fraudstream.terminal import AsJson, Rows, settings_of, show
from schemas.errors import UserError

if TYPE_CHECKING:
    from schemas.declaration.declaration import Declaration
    from schemas.declaration.declared_column import DeclaredColumn
    from schemas.declaration.declared_feature import DeclaredFeature

app = typer.Typer(help="Check and list declared columns, entities and features.", no_args_is_help=True)

DeclarationFile = Annotated[
    Path | None, typer.Argument(help="Declaration file; job.declaration by default.", show_default=False)
]


@app.command()
def check(context: typer.Context, *, file: DeclarationFile = None, as_json: AsJson = False) -> None:
    """Check a declaration. Exit code 2 when it has mistakes; each is one line.

    [bold]Examples[/]

      fraudstream features check features.toml
    """
    found = _declaration(context, file)
    counts = {"columns": len(found.columns), "entities": len(found.entities), "features": len(found.raw_features)}
    show(
        {"file": str(found.path), "hash": found.hash, **counts},
        f"{found.path}: {', '.join(f'{name} {count}' for name, count in counts.items())}, hash {found.hash[:12]}",
        as_json=as_json,
    )


@app.command("ls")
def list_features(context: typer.Context, *, as_json: AsJson = False) -> None:
    """List the features that models read: the built-in ones, then the declared ones.

    [bold]Examples[/]

      fraudstream features ls
      fraudstream features ls --json
    """
    from models.declared.declared_features import features_of
    from models.features.table import FEATURES

    declaration = settings_of(context).declaration
    found = [{"feature": item.name, "of": item.source, "unit": item.unit, "declared": False} for item in FEATURES]
    own = () if declaration is None else declaration.feature_columns
    found += [{"feature": item.name, "of": item.name, "unit": item.kind.unit, "declared": True} for item in own]
    aggregates = () if declaration is None else features_of(declaration)
    found += [{"feature": item.name, "of": item.source, "unit": item.unit, "declared": True} for item in aggregates]
    if as_json:
        for row in found:
            show(row, as_json=True)
        return
    rows = [(row["feature"], row["of"], row["unit"], "declared" if row["declared"] else "") for row in found]
    show(found, Rows(("feature", "of", "unit", ""), rows), as_json=False)


@app.command()
def explain(
    context: typer.Context,
    *,
    name: Annotated[str, typer.Argument(help="Name of a feature, declared column or entity.")],
    as_json: AsJson = False,
) -> None:
    """Explain what a feature, a declared column or an entity is computed from.

    [bold]Examples[/]

      fraudstream features explain amount_mean_7d
      fraudstream features explain entry_mode
    """
    found = dict(_explained(settings_of(context).declaration, name))
    show(found, Rows(("what", ""), [(key, str(value)) for key, value in found.items()]), as_json=as_json)


def _declaration(context: typer.Context, file: Path | None) -> Declaration:
    from fraudstream.settings.checked_declaration import read_checked_declaration

    found = settings_of(context).declaration if file is None else read_checked_declaration(file)
    if found is None:
        raise UserError("expected a declaration, got none. Name its file, or set job.declaration")
    return found


def _explained(declaration: Declaration | None, name: str) -> Iterator[tuple[str, Any]]:
    """Yield what there is to say of a name."""
    from models.declared.declared_features import features_of
    from models.features.former_names import present_name
    from models.features.table import FEATURES
    from schemas.rule_book import meant

    built_in = {feature.name: feature for feature in FEATURES}
    columns = {} if declaration is None else {column.name: column for column in declaration.columns}
    entities = {} if declaration is None else {entity.name: entity for entity in declaration.entities}
    aggregates = {} if declaration is None else {feature.name: feature for feature in features_of(declaration)}
    if feature := built_in.get(present_name(name)):
        yield "feature", feature.name
        yield "of", feature.source
        yield "operation", feature.operation.value
        yield "window", feature.window.name if feature.window else "all that is kept"
        yield "by", feature.entity or "customer"
        yield "unit", feature.unit
        yield "missing value", feature.missing
    if column := columns.get(name):
        yield from _of_column(column)
    if aggregate := aggregates.get(name):
        yield from _of_aggregate(aggregate)
    if entity := entities.get(name):
        yield "entity", entity.name
        yield "identified by", ", ".join(entity.columns)
    known = (*built_in, *columns, *aggregates, *entities)
    if present_name(name) not in known and name not in known:
        hint = meant(name, known) or ". List them: fraudstream features ls"
        raise UserError(f"expected a feature, a declared column or an entity, got {name}{hint}")


def _of_column(column: DeclaredColumn) -> Iterator[tuple[str, Any]]:
    yield "column", column.name
    yield "kind", column.kind.value
    yield "read as", str(column.arrow.type)
    yield "feature", column.kind.meaning


def _of_aggregate(feature: DeclaredFeature) -> Iterator[tuple[str, Any]]:
    yield "feature", feature.name
    yield "of", feature.source
    yield "unit", feature.unit
    if feature.parts:
        return
    yield "by", feature.entity
    yield "window", feature.window
    yield "where", feature.where or "all transactions"
