"""Downloads of the locked jars."""

import hashlib
from pathlib import Path

import pytest

from fraudstream.devstack import jars
from fraudstream.devstack.jars import Jar, fetch_jars, intact, missing_jars, read_lock
from schemas.errors import UserError

CONTENT = b"the jar"


def make_jar(content: bytes = CONTENT, name: str = "thing") -> Jar:
    return Jar(
        group="org.example",
        artifact=name,
        version="1.0",
        classifier="",
        sha256=hashlib.sha256(content).hexdigest(),
        size=len(content),
        needed_by="broker",
    )


@pytest.fixture
def served(monkeypatch):
    """Serve one content for every jar, and record each download."""
    answer = {"content": CONTENT, "downloads": 0}

    def download(_group, artifact, version, _classifier, _extension, *, into: Path, **_others):
        answer["downloads"] += 1
        path = into / f"{artifact}-{version}.jar"
        path.write_bytes(answer["content"])
        return path

    monkeypatch.setattr(jars, "download", download)
    return answer


def test_lock_pins_every_jar_once_with_a_checksum():
    locked = read_lock()
    assert len({jar.filename for jar in locked}) == len(locked) > 40
    assert all(len(jar.sha256) == 64 and jar.size > 0 for jar in locked)
    assert {jar.needed_by for jar in locked} == {"broker", "flink", "registry", "s3"}


def test_lock_names_no_host():
    assert "http" not in jars.LOCK.read_text()


def test_fetched_jar_is_not_fetched_again(tmp_path, served):
    for _ in range(2):
        assert fetch_jars([make_jar()], tmp_path) == [tmp_path / "thing-1.0.jar"]
    assert served["downloads"] == 1
    assert [path.name for path in tmp_path.iterdir()] == ["thing-1.0.jar"]


def test_wrong_checksum_is_refused_and_leaves_nothing(tmp_path, served):
    served["content"] = b"another"
    with pytest.raises(UserError, match="expected sha256"):
        fetch_jars([make_jar()], tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("served")
def test_damaged_jar_in_the_cache_is_replaced(tmp_path):
    (tmp_path / "thing-1.0.jar").write_bytes(b"half of")
    assert missing_jars([make_jar()], tmp_path) == [make_jar()]
    fetch_jars([make_jar()], tmp_path)
    assert intact(make_jar(), tmp_path)


def test_classifier_is_part_of_the_name():
    plain = make_jar()
    assert Jar(**{**vars(plain), "classifier": "shaded"}).filename == "thing-1.0-shaded.jar"
