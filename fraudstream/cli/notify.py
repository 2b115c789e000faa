from __future__ import annotations

from typing import Annotated

import typer

from fraudstream.terminal import err, settings_of


def notify(
    context: typer.Context,
    *,
    from_start: Annotated[
        bool, typer.Option("--from-start", help="If it never ran, begin with what the topics hold already.")
    ] = False,
) -> None:
    """Tell a webhook, and standard error, of drift, refused models and jumps of the alert rate, until Ctrl-C.

    The address is in FRAUDSTREAM_NOTICES__WEBHOOK_URL, the key of the signatures in FRAUDSTREAM_NOTICES__SIGNING_KEY.

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
        err.print("No webhook is set (FRAUDSTREAM_NOTICES__WEBHOOK_URL): notices go to this log alone")
    Notifier(broker, Notices(settings.notices), from_start=from_start).run()
