"""Commands whose files are in S3, on moto's server: the same results as with local files."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

import boto3
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from fraudstream.archive.archive_folder import ArchiveFolder, archived_files, read_archived_files
from fraudstream.archive.inference_samples import read_archived
from fraudstream.cli import main as cli
from fraudstream.system.ports import LOOPBACK, free_port
from models.scoring.artifact import MANIFEST_FILE, MODEL_FILE, ArtifactError, checksum, load_artifact
from models.scoring.loaded_model import load_tested
from models.scoring.model_store import remove_model, store_artifact, used_s
from models.whole_file import replace_file, whole_file
from schemas import s3_path
from schemas.errors import UserError
from schemas.s3_error import S3ConnectionError, S3Error
from schemas.s3_path import arrow_source, as_path
from tests.cut_off import CutOff
from tests.moto_server import aws_environment, moto_server
from tests.patience import PATIENCE_S
from tests.unit.fraudstream.archives import archive_history
from tests.unit.training.histories import artifact, artifact_folder, history_file

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("server")]

BUCKET = "fraudstream-test"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """Address of an object store with the bucket."""
    with moto_server(tmp_path_factory.mktemp("moto") / "log") as url, pytest.MonkeyPatch.context() as patch:
        for name, value in aws_environment(url).items():
            patch.setenv(name, value)
        boto3.client("s3").create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "us-east-2"})
        yield url


@pytest.fixture
def folder(request):
    """Folder of a test's own."""
    return as_path(f"s3://{BUCKET}/{request.node.name}")


def run(*line: object, code: int = 0) -> str:
    """Run a command in this process and return its output, or its message."""
    result = CliRunner().invoke(cli.app, [str(word) for word in line])
    if code:
        assert isinstance(result.exception, UserError), result.output
        assert result.exception.exit_code == code
        return str(result.exception)
    assert result.exit_code == 0, (result.output, result.exception)
    return result.stdout


def test_object_is_written_read_listed_and_deleted_like_a_file(folder):
    file = folder / "a b" / "x+y%.txt"
    assert not file.exists()
    with pytest.raises(FileNotFoundError, match="No such file"):
        file.read_bytes()
    with pytest.raises(FileNotFoundError):
        file.stat()
    file.write_text("one\ntwo ü\n")
    assert file.is_file()
    assert not file.is_dir()
    assert file.parent.is_dir()
    assert file.stat().st_size == len("one\ntwo ü\n".encode())
    assert file.read_text(encoding="utf-8").splitlines() == ["one", "two ü"]
    with file.open("rb") as opened:
        assert opened.read(3) == b"one"
        assert opened.seek(0) == 0
        assert opened.readline() == b"one\n"
    replace_file(file, b"three")
    assert file.read_bytes() == b"three"
    file.unlink()
    file.unlink(missing_ok=True)
    assert not file.exists()


def test_folder_is_listed_by_patterns_as_a_local_one(folder, tmp_path):
    for root in (folder, tmp_path):
        for name in ("date=1/a.parquet", "date=1/_b.parquet", "date=2/c/d.parquet", "e.json"):
            replace_file(root / name, b"x")
    for pattern in ("*", "*.json", "date=*/*", "date=*/[a-z]*.parquet", "none*"):
        expected = {str(path.relative_to(tmp_path)) for path in tmp_path.glob(pattern)}
        assert {str(path.relative_to(folder)) for path in folder.glob(pattern)} == expected
    assert {path.name for path in folder.rglob("*.parquet")} == {"a.parquet", "_b.parquet", "d.parquet"}
    assert sorted(path.name for path in folder.iterdir()) == ["date=1", "date=2", "e.json"]
    assert list((folder / "absent").glob("*")) == []


def test_failure_while_a_file_is_written_leaves_the_previous_object(folder):
    file = folder / "table.parquet"
    with whole_file(file) as partial:
        pq.write_table(pa.table({"a": [1, 2]}), partial)
    with pytest.raises(FileNotFoundError), whole_file(file) as partial:
        partial.write_bytes(partial.with_name("absent").read_bytes())
    assert pq.read_table(arrow_source(file)).column("a").to_pylist() == [1, 2]
    assert [path.name for path in folder.iterdir()] == ["table.parquet"]


def test_simulated_history_is_trained_on_and_scored_as_from_local_files(folder, tmp_path):
    for root in (folder, tmp_path):
        world = ("--customers", 120, "--merchants", 150, "--days", 20, "--fraud-rate", 0.03)
        run("simulate", "--out", root / "history.parquet", *world)
    model = ("--model", "logistic", "--features", "customer", "--maturity-days", 0)
    run("train", "--history", folder / "history.parquet", "--out", folder / "model", *model,
        "--metrics", folder / "metrics.json")  # fmt: skip
    trained = load_tested(folder / "model").manifest
    assert trained.data.sha256 == checksum((tmp_path / "history.parquet").read_bytes())
    assert json.loads((folder / "metrics.json").read_text()) == dict(trained.metrics)
    assert (folder / "model" / "report.html").read_text().startswith("<!")
    for root in (folder, tmp_path):
        run("backfill", root / "history.parquet", "--model", folder / "model", "--out", root / "scored.parquet")
    assert pq.read_table(arrow_source(folder / "scored.parquet")) == pq.read_table(tmp_path / "scored.parquet")


def test_team_file_is_imported_by_a_map_in_s3(folder, tmp_path):
    rows = "card_id,merchant_id,timestamp,amount,transaction_id\n" + "".join(
        f"card{row % 7},shop{row % 3},2026-01-{row % 28 + 1:02d}T10:00:00Z,{row}.50,t{row}\n" for row in range(200)
    )
    for root in (folder, tmp_path):
        replace_file(root / "payments.csv", rows.encode())
        run("import", root / "payments.csv", "--map", root / "payments.map.toml", "--guess")
        replace_file(root / "payments.csv", (rows + "card1,shop1,no time,1.00,t-bad\n").encode())
        run("import", root / "payments.csv", "--map", root / "payments.map.toml", "--out", root / "data")
    file = "transactions.parquet"
    assert pq.read_table(arrow_source(folder / "data" / file)) == pq.read_table(tmp_path / "data" / file)
    assert (folder / "data" / "rejected.csv").read_bytes() == (tmp_path / "data" / "rejected.csv").read_bytes()


def test_archive_is_written_and_read_back_as_a_local_one(folder, tmp_path):
    for root in (folder, tmp_path):
        archive_history(root / "archive")
    manifest, columns = artifact().manifest, ["transaction_id", "score", "log_offset"]
    here, there = (read_archived_files(root / "archive", columns) for root in (tmp_path, folder))
    assert there == here
    assert read_archived(folder / "archive", manifest).sample.scores.tolist() == (
        read_archived(tmp_path / "archive", manifest).sample.scores.tolist()
    )
    relative = [[str(path.relative_to(root)) for path in archived_files(root)] for root in (tmp_path, folder)]
    assert relative[0] == [f"{name}" for name in relative[1]]


def test_archive_in_s3_goes_on_after_a_kill_and_refuses_a_second_writer(folder):
    root = archive_history(folder / "archive")
    leftover = root / "date=2026-01-01" / f"0-{10**9:020d}.parquet"
    leftover.write_bytes(b"of a batch that was not finished")
    with ArchiveFolder(root, "inference") as archive:
        assert not leftover.exists()
        with pytest.raises(UserError, match="expected no other archive writing"):
            ArchiveFolder(root, "inference")
        state = root / "_archive.json"
        state.write_bytes(state.read_bytes().replace(b'"0":', b'"7":'))
        with pytest.raises(UserError, match="one on another machine is"):
            archive.note_topic("id")


def test_model_store_in_s3_holds_a_model_once_and_whole(folder):
    stored = store_artifact(artifact(), folder)
    assert store_artifact(load_artifact(artifact_folder()), folder) == stored
    assert load_artifact(stored) == artifact()
    assert sorted(path.name for path in stored.iterdir()) == sorted([MANIFEST_FILE, MODEL_FILE])
    assert used_s(stored) > 0
    (stored / MODEL_FILE).write_bytes(b"changed")
    with pytest.raises(ArtifactError, match=r"SHA-256 of model.onnx"):
        load_artifact(stored)
    assert load_artifact(store_artifact(artifact(), folder)) == artifact()
    remove_model(stored)
    with pytest.raises(ArtifactError, match="No such file"):
        load_artifact(stored)
    assert not stored.exists()


def test_missing_bucket_or_file_is_a_message(folder):
    assert "AWS Error NO_SUCH_BUCKET" in (
        message := run("simulate", "--out", "s3://no-bucket/x.parquet", "--customers", 10, "--days", 1, code=2)
    )
    assert message.endswith("Create the bucket, or correct its name")
    missing = folder / "none.parquet"
    assert run("train", "--history", missing, "--out", folder / "model", code=2) == (
        f"expected a Parquet file at {missing}, got none. Make one with `simulate`"
    )
    with pytest.raises(ArtifactError, match="Give the folder that `fraudstream train` wrote"):
        load_artifact(folder / "none")
    (folder / "text.parquet").write_bytes(b"no parquet")
    assert "Import a CSV" in run("train", "--history", folder / "text.parquet", "--out", folder / "model", code=2)


class _Forbidding(BaseHTTPRequestHandler):
    """Server that refuses every request, as S3 does without the right."""

    def do_HEAD(self) -> None:
        self.send_response(403)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_POST(self) -> None:
        body = b"<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>"
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(403)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_PUT = do_DELETE = do_POST  # noqa: N815

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def test_missing_rights_are_a_message(monkeypatch):
    with ThreadingHTTPServer((LOOPBACK, 0), _Forbidding) as forbidding:
        threading.Thread(target=forbidding.serve_forever, daemon=True).start()
        for name, value in aws_environment(f"http://{LOOPBACK}:{forbidding.server_port}").items():
            monkeypatch.setenv(name, value)
        path = as_path("s3://bucket/key")
        for doing, action in {
            "read": path.read_bytes,
            "write": lambda: path.write_bytes(b"x"),
            "list": lambda: list(path.iterdir()),
        }.items():
            with pytest.raises(S3Error, match=f"expected to {doing} s3://bucket/key, got: AWS Error ACCESS_DENIED"):
                action()
        forbidding.shutdown()


def test_store_that_does_not_answer_is_a_message(monkeypatch):
    monkeypatch.setattr(s3_path, "ATTEMPTS", 2)
    for name, value in aws_environment(f"http://{LOOPBACK}:{free_port()}").items():
        monkeypatch.setenv(name, value)
    message = run("train", "--history", "s3://bucket/history.parquet", "--out", "s3://bucket/model", code=3)
    assert message.startswith("expected to read s3://bucket/history.parquet, got: AWS Error NETWORK_CONNECTION")
    assert message.endswith("Start it, or correct AWS_ENDPOINT_URL")


def test_write_waits_for_a_store_that_dies_and_comes_back(server, folder, monkeypatch):
    content = history_file().read_bytes()
    with CutOff(urlsplit(server).port) as store:
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{LOOPBACK}:{store.port}")
        file = folder / "history.parquet"
        file.write_bytes(b"old")
        store.stop()
        back = threading.Timer(3, store.start)
        back.start()
        file.write_bytes(content)
        back.join(PATIENCE_S)
        assert file.read_bytes() == content


def test_write_that_finds_no_store_fails_and_leaves_the_object(server, folder, monkeypatch):
    monkeypatch.setattr(s3_path, "ATTEMPTS", 2)
    with CutOff(urlsplit(server).port) as store:
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{LOOPBACK}:{store.port}")
        root = archive_history(folder / "archive")
        before = read_archived_files(root, ["transaction_id"])
        with ArchiveFolder(root, "inference") as archive:
            store.stop()
            with pytest.raises(S3ConnectionError, match="Start it, or correct AWS_ENDPOINT_URL"):
                archive.note_topic("id")
            store.start()
            archive.note_topic("id")
        assert read_archived_files(root, ["transaction_id"]) == before
