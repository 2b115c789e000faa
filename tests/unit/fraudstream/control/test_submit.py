"""Submission to a user's own cluster."""

from http.server import HTTPServer

import pytest

from fraudstream.control import submit
from fraudstream.devstack.flink_home import JAVA_OPTIONS, cluster_settings
from fraudstream.devstack.flink_rest import FlinkRest
from fraudstream.settings.settings import load_settings
from fraudstream.system.failures import NotReady
from fraudstream.system.folders import StateFolder
from fraudstream.system.ports import LOOPBACK
from tests.json_handler import JsonHandler
from tests.served import served


def test_printed_command_has_no_secret_of_flink(monkeypatch, tmp_path):
    monkeypatch.setattr(submit, "jars_for", lambda _part: [])
    config = {"s3.secret-key": "hunter2", "s3.endpoint": "http://minio:9000"}
    settings = load_settings(paths={"state": tmp_path}, flink={"rest_url": "http://jobmanager:8081", "config": config})
    script, options = submit._shipped(settings, submit.SCRIPT)
    assert options["s3.endpoint"] == "http://minio:9000"
    assert "hunter2" not in str(options)
    assert script.is_file()
    assert options["python.files"] == str(script.parent)


def test_custom_entry_file_imports_the_packages_of_the_cluster(monkeypatch, tmp_path):
    monkeypatch.setattr(submit, "jars_for", lambda _part: [])
    settings = load_settings(paths={"state": tmp_path}, flink={"rest_url": "http://jobmanager:8081"})
    assert submit._shipped(settings, tmp_path / "job.py") == (tmp_path / "job.py", {"pipeline.jars": ""})


def test_client_of_a_custom_cluster_gets_access_to_java_internals(monkeypatch, tmp_path):
    monkeypatch.setattr(submit, "jars_for", lambda _part: [])
    config = {"s3.endpoint": "http://minio:9000"}
    settings = load_settings(paths={"state": tmp_path}, flink={"rest_url": "http://jobmanager:8081", "config": config})
    written = submit.client_home(settings).settings()
    assert written["env.java.opts.all"] == JAVA_OPTIONS
    assert written["s3.endpoint"] == "http://minio:9000"


def require_alignment_of_cluster(settings):
    """Check a cluster with these settings, see `submit.require_prompt_alignment`."""

    class Answer(JsonHandler):
        def do_GET(self) -> None:  # noqa: N802 (named by http.server)
            assert self.path == "/jobmanager/config"
            self.answer(200, [{"key": key, "value": value} for key, value in settings.items()])

    with served(HTTPServer((LOOPBACK, 0), Answer)) as server:
        submit.require_prompt_alignment(FlinkRest(url=f"http://{LOOPBACK}:{server.server_port}"))


@pytest.mark.parametrize(("settings", "got"), [({}, "unset"), ({"pipeline.watermark-alignment.buffer-size": "3"}, "3")])
def test_alignment_needs_a_cluster_that_pauses_partitions_at_once(settings, got):
    with pytest.raises(NotReady, match=rf"expected pipeline\.watermark-alignment\.buffer-size: 0 .*, got {got}"):
        require_alignment_of_cluster(settings)


def test_our_clusters_pause_partitions_at_once(tmp_path):
    folder, common = StateFolder(root=tmp_path), {"rest_port": 1, "rpc_port": 2, "zookeeper": None, "extra": {}}
    require_alignment_of_cluster(cluster_settings(folder, state_backend="hashmap", **common))
