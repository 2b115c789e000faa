"""Command `doctor`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING

import typer
from rich.text import Text

from fraudstream.terminal import AsJson, settings_of, show

if TYPE_CHECKING:
    from fraudstream.devstack.doctor import Finding


def doctor(context: typer.Context, *, as_json: AsJson = False) -> None:
    """Check prerequisites and print how to fix what is missing. Exit code 3 when something required is missing.

    [bold]Examples[/]

      fraudstream doctor
      fraudstream doctor --json | jq '.[] | select(.ok | not)'
    """
    from fraudstream.devstack.doctor import examine

    findings = examine(settings_of(context))
    show([asdict(finding) for finding in findings], *_lines(findings), as_json=as_json)
    if any(finding.required and not finding.ok for finding in findings):
        raise typer.Exit(3)


def _lines(findings: Iterable[Finding]) -> Iterator[Text]:
    for finding in findings:
        mark = ("ok  ", "green") if finding.ok else ("FAIL", "red") if finding.required else ("warn", "yellow")
        yield Text.assemble(mark, f" {finding.name:11} {finding.found}")
        if not finding.ok:
            yield Text(f"     {'':11} -> {finding.fix}")
