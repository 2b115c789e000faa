"""Commands `topics ...`."""

import typer

from fraudstream.terminal import AsJson, Rows, settings_of, show

app = typer.Typer(help="Create and list the topics.", no_args_is_help=True)


@app.command()
def create(context: typer.Context, *, as_json: AsJson = False) -> None:
    """Create missing topics.

    [bold]Examples[/]

      fraudstream topics create
    """
    from fraudstream.kafka.broker import Broker
    from fraudstream.kafka.topics import create_topics

    settings = settings_of(context)
    made = create_topics(Broker.of(settings))
    show({"created": made}, f"Created {', '.join(made)}" if made else "All topics exist", as_json=as_json)


@app.command("ls")
def list_topics(context: typer.Context, *, as_json: AsJson = False) -> None:
    """List the topics with partitions and record counts.

    [bold]Examples[/]

      fraudstream topics ls
      fraudstream topics ls --json
    """
    from fraudstream.kafka.broker import Broker
    from fraudstream.kafka.topics import count_records

    settings = settings_of(context)
    counts = count_records(Broker.of(settings))
    rows = [(name, row["partitions"], row["records"]) for name, row in counts.items()]
    show(counts, Rows(("topic", "partitions", "records"), rows), as_json=as_json)
