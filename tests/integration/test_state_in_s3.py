"""A job whose model, checkpoints, savepoints and high availability are in S3, on moto's server."""

from itertools import count
from urllib.parse import urlsplit

import boto3
import pytest

from fraudstream.control.export_manifest import ExportManifest
from fraudstream.control.savepoints import MANIFEST_FILE
from fraudstream.control.state_export import export_state
from fraudstream.devstack.stack import embedded
from fraudstream.settings.settings import load_settings
from fraudstream.system.deadline import wait_until
from fraudstream.system.ports import LOOPBACK, free_port
from models.scoring.artifact import load_artifact, write_artifact
from schemas.s3_path import as_path
from tests.cut_off import CutOff
from tests.integration.expected import Expected, card_world
from tests.integration.quick_cluster import QUICK_CLUSTER
from tests.integration.scoring_lane import Running
from tests.moto_server import aws_environment, moto_server
from tests.patience import PATIENCE_S
from tests.unit.training.histories import customer_folder

pytestmark = [pytest.mark.integration, pytest.mark.long]

ROOT = as_path("s3://fraudstream-state")
ROWS, RATE, BEFORE = 15_000, 200.0, 1_000
IN_S3 = {
    "execution.checkpointing.dir": str(ROOT / "checkpoints"),
    "execution.checkpointing.savepoint-dir": str(ROOT / "savepoints"),
    "high-availability.storageDir": str(ROOT / "high-availability"),
}


@pytest.fixture
def store(tmp_path, monkeypatch):
    """Object store with a bucket, which a test lets die and come back."""
    with moto_server(tmp_path / "moto.log") as url, CutOff(urlsplit(url).port) as store:
        for name, value in aws_environment(f"http://{LOOPBACK}:{store.port}").items():
            monkeypatch.setenv(name, value)
        region = {"LocationConstraint": "us-east-2"}
        boto3.client("s3").create_bucket(Bucket=ROOT.key, CreateBucketConfiguration=region)
        yield store


def await_more(lane, kind: str) -> None:
    """Wait until more checkpoints of the newest job are complete, or have failed."""

    def counted() -> int:
        return int(lane.rest.checkpoints(lane.job_ids[-1])["counts"][kind])

    before = counted()
    assert wait_until(lambda: counted() > before, seconds=PATIENCE_S), lane.rest.checkpoints(lane.job_ids[-1])


def test_job_outlives_its_object_store_and_goes_on_from_a_savepoint_there(store, tmp_path):
    table, model = card_world(ROWS), load_artifact(customer_folder())
    write_artifact(ROOT / "model", model)
    settings = load_settings(
        paths={"state": tmp_path / "state"},
        model={"artifact": ROOT / "model"},
        models={"serving": ROOT / "served"},
        kafka={"port": free_port()},
        flink={"rest_port": free_port(), "config": QUICK_CLUSTER | IN_S3},
    )
    with embedded(settings) as services:
        lane = Running(services=services, numbers=count(1)).lane(
            checkpoint_timeout_s=10.0, tolerated_checkpoint_failures=100, shards=2
        )
        lane.submit()
        with lane.sending(table, rate=RATE):
            lane.await_scores(BEFORE)
            await_more(lane, "completed")
            store.stop()
            await_more(lane, "failed")
            store.start()
            await_more(lane, "completed")
            savepoint = lane.stop_with_savepoint()
            lane.submit(savepoint=savepoint)
        lane.await_scores(len(table))
        scores = {item["transaction_id"]: item["score"] for item in lane.scores()}
        assert scores == Expected.of(table, model).scores
        assert len(lane.scores()) == len(table), "each is scored once"
        assert as_path(savepoint).parent == ROOT / "savepoints"
        assert (as_path(savepoint) / MANIFEST_FILE).is_file()
        assert list((ROOT / "checkpoints" / lane.job_ids[-1]).glob("chk-*/_metadata"))
        assert list((ROOT / "high-availability").rglob("*completedCheckpoint*"))
        lane.cancel()
        export_state(lane.services, savepoint, ROOT / "state")
        ExportManifest.read(ROOT / "state").require_files(ROOT / "state")
    assert [file.name for file in settings.state.savepoints.iterdir()] == []
    assert list(settings.state.checkpoints.iterdir()) == []
