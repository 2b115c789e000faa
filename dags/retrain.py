"""Airflow DAG that retrains every week by `fraudstream retrain --once`.

The worker needs `fraudstream` on its PATH, and its settings: fraudstream.toml in `folder`, or FRAUDSTREAM_ variables.
A model that fails a gate fails the run. `fraudstream retrain` without --once needs no Airflow, and also retrains on
drift.
"""

from datetime import UTC, datetime, timedelta

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG, Param

with DAG(
    "fraudstream_retrain",
    schedule="@weekly",
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    params={
        "folder": Param(".", type="string", pattern="^[A-Za-z0-9./_-]+$", description="folder of fraudstream.toml"),
        "options": Param("", type="string", pattern="^[A-Za-z0-9 ./_-]*$", description="for example --no-publish"),
    },
):
    BashOperator(
        task_id="retrain",
        bash_command='cd {{ params.folder }} && fraudstream retrain --once --reason "Airflow" {{ params.options }}',
        append_env=True,
        execution_timeout=timedelta(hours=6),
    )
