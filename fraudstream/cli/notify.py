"""Command `notify`."""

from typing import Annotated

import typer

from fraudstream.terminal import settings_of, warn


def notify(
    context: typer.Context,
    *,
    from_start: Annotated[
        bool, typer.Option("--from-start", help="On the first run, start with the oldest records of the topics.")
    ] = False,
) -> None:
    """Send notifications of drift, refused models and alert rate spikes to a webhook and the log, until Ctrl-C.

    The webhook is set by FRAUDSTREAM_NOTICES__WEBHOOK_URL, its signing key by FRAUDSTREAM_NOTICES__SIGNING_KEY.

    [bold]Examples[/]

      fraudstream notify
      FRAUDSTREAM_NOTICES__WEBHOOK_URL=http://127.0.0.1:9000/fraud fraudstream notify
    """
    import logging

    from fraudstream.kafka.broker import Broker
    from fraudstream.kafka.topics import require_topics
    from fraudstream.observe.notices.notices import Notices, webhook_url
    from fraudstream.observe.notices.notifier import Notifier

    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s")
    settings = settings_of(context)
    broker = Broker.of(settings)
    topics = settings.topics
    require_topics(broker, topics.drift, topics.model_events, topics.alerts)
    if webhook_url(settings.notices) is None:
        warn("no webhook is set (FRAUDSTREAM_NOTICES__WEBHOOK_URL), so notices go to this log only")
    Notifier(broker, Notices(settings.notices), from_start=from_start).run()
