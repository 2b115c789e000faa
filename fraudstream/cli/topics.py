from __future__ import annotations

import typer

from fraudstream.terminal import AsJson, out, settings_of, write_json, write_table

app = typer.Typer(help="Create and list the topics.", no_args_is_help=True)


@app.command()
def create(context: typer.Context, *, as_json: AsJson = False) -> None:
    """Create those of our topics that are missing.

    [bold]Examples[/]

      fraudstream topics create
    """
    from fraudstream.kafka.broker import Broker
    from fraudstream.kafka.topics import create_topics

    settings = settings_of(context)
    made = create_topics(Broker.of(settings))
    if as_json:
        write_json({"created": made})
    else:
        out.print(f"Created {', '.join(made)}" if made else "All topics were there")


@app.command("ls")
def list_topics(context: typer.Context, *, as_json: AsJson = False) -> None:
    """List the topics with their partitions and numbers of records.

    [bold]Examples[/]

      fraudstream topics ls
      fraudstream topics ls --json
    """
    from fraudstream.kafka.broker import Broker
    from fraudstream.kafka.topics import count_records

    settings = settings_of(context)
    counts = count_records(Broker.of(settings))
    if as_json:
        write_json(counts)
    else:
        rows = [(name, row["partitions"], row["records"]) for name, row in counts.items()]
        write_table(("topic", "partitions", "records"), rows)
