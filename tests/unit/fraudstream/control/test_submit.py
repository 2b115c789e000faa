"""Submission to a user's own cluster."""

from fraudstream.control import submit
from fraudstream.devstack.flink_home import JAVA_OPTIONS
from fraudstream.settings.settings import load_settings


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
