from runtime import submit
from runtime.settings import load_settings


def test_secret_of_flink_is_not_in_the_line_that_is_shown(monkeypatch, tmp_path):
    monkeypatch.setattr(submit, "jars_for", lambda _part: [])
    config = {"s3.secret-key": "hunter2", "s3.endpoint": "http://minio:9000"}
    settings = load_settings(paths={"state": tmp_path}, flink={"rest_url": "http://jobmanager:8081", "config": config})
    options = submit._options(settings)
    assert options["s3.endpoint"] == "http://minio:9000"
    assert "hunter2" not in str(options)
