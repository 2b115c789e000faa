"""Commands `sagemaker ...`."""

from pathlib import Path
from typing import Annotated

import typer

from fraudstream.cli.path_parameter import path_option
from fraudstream.terminal import out, settings_of

app = typer.Typer(help="Serve a model by the contract of a SageMaker container.", no_args_is_help=True)


@app.command()
def serve(
    context: typer.Context,
    *,
    model: Annotated[Path | None, path_option(help="Folder of the artifact; SageMaker's is /opt/ml/model.")] = None,
    host: Annotated[str | None, typer.Option(help="Address to listen on; SageMaker needs 0.0.0.0.")] = None,
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="Port to listen on; 0 picks a free port.")] = None,
) -> None:
    """Serve a model without the job until Ctrl-C: GET /ping, POST /invocations.

    Requests carry the features, or the scoring API of serving.features_url is asked for them. The server asks for no
    login: SageMaker authenticates its callers.

    [bold]Examples[/]

      fraudstream sagemaker serve
      fraudstream sagemaker serve --model /opt/ml/model --host 0.0.0.0
    """
    from fraudstream.api.server import listen, serve
    from fraudstream.serving.feature_source import feature_source
    from fraudstream.serving.instance_scorer import InstanceScorer
    from fraudstream.serving.sagemaker_application import create_application

    settings = settings_of(context, serving={"host": host, "port": port}, model={"artifact": model})
    serving = settings.serving
    # The model first: SageMaker sends requests as soon as the port is open.
    scorer = InstanceScorer.load(settings.model.artifact, feature_source(serving))
    with listen(serving.host, serving.port) as opened:
        out.print(f"Model {scorer.manifest.model_id}  http://{serving.host}:{opened.getsockname()[1]}  (/ping)")
        serve(create_application(scorer, serving), opened, serving)
