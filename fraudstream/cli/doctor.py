from __future__ import annotations

import dataclasses

import typer

from fraudstream.terminal import AsJson, out, settings_of, write_json


def doctor(context: typer.Context, *, as_json: AsJson = False) -> None:
    """Check all that is needed, and print how to mend what is missing. Exit code 3 when something is.

    [bold]Examples[/]

      fraudstream doctor
      fraudstream doctor --json | jq '.[] | select(.ok | not)'
    """
    from fraudstream.devstack.doctor import examine

    findings = examine(settings_of(context))
    if as_json:
        write_json([dataclasses.asdict(finding) for finding in findings])
    else:
        for finding in findings:
            mark = "[green]ok  [/]" if finding.ok else ("[red]FAIL[/]" if finding.required else "[yellow]warn[/]")
            out.print(f"{mark} {finding.name:11} {finding.found}", soft_wrap=True)
            if not finding.ok:
                out.print(f"     {'':11} -> {finding.fix}", soft_wrap=True)
    if any(finding.required and not finding.ok for finding in findings):
        raise typer.Exit(3)
