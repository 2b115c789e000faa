"""`fraudstream dlq` on the dead letters of a real job."""

import json
from collections.abc import Iterator

import pytest
from click.testing import Result
from typer.testing import CliRunner

from fraudstream.cli import main as cli
from fraudstream.kafka.topic_reader import read_topic
from producers.encoding import encode_transactions
from schemas.registry import FileRegistry
from schemas.rejection import Reason
from tests.integration.expected import Expected, card_world
from tests.integration.scoring_lane import Lane

pytestmark = pytest.mark.integration

ROWS = 400


@pytest.fixture(scope="module")
def lane(running) -> Iterator[Lane]:
    """Run one job for all tests of this file."""
    lane = running.lane()
    lane.submit()
    yield lane
    lane.cancel()


@pytest.fixture
def command(lane, point_at):
    """Point the command line at the job's topics, which hold no dead letter; gives both."""
    lane.delete_records(lane.topics.dead_letters)
    point_at(lane)

    def run(*arguments: str) -> Result:
        return CliRunner().invoke(cli.app, ["dlq", *arguments])

    return lane, run


def send(lane: Lane, table) -> list[tuple[int, int]]:
    """Send the world, every tenth transaction under a wrong key, and one record that is none."""
    records = [
        (b"nobody" if number % 10 == 5 else key, value)
        for number, (key, value) in enumerate(encode_transactions(table, FileRegistry(), "t-value"))
    ]
    return lane.send_raw([*records, (b"c0", b"\x07poison")])


def test_fixed_letters_are_scored_once_however_often_they_are_replayed(command, artifact):
    lane, run = command
    table = card_world(ROWS)
    send(lane, table)
    lane.await_scores(ROWS - ROWS // 10)
    lane.await_records(lane.topics.dead_letters, ROWS // 10 + 1)

    listed = [json.loads(line) for line in run("ls", "--limit", "1000", "--json").output.splitlines()]
    assert [item["reason"] for item in listed].count(Reason.KEY_MISMATCH) == ROWS // 10
    assert [bytes.fromhex(item["payload_hex"]) for item in listed if item["reason"] == Reason.UNDECODABLE] == [
        b"\x07poison"
    ]
    dry = json.loads(run("replay", "--dry-run", "--json").output)
    assert (dry["found"], dry["sent"]) == (ROWS // 10 + 1, 0)

    again = ["replay", "--reason", "KEY_MISMATCH", "--rekey", "--json"]
    assert json.loads(run(*again).output)["sent"] == ROWS // 10
    lane.await_scores(ROWS)
    first = {item["transaction_id"]: item["score"] for item in lane.scores()}
    assert json.loads(run(*again).output)["sent"] == ROWS // 10
    lane.await_records(lane.topics.scores, ROWS + ROWS // 10)
    for item in lane.scores():
        assert item["score"] == first[item["transaction_id"]]
    assert set(first) == set(Expected.of(table, artifact).scores)


def test_letter_that_is_still_bad_comes_back(command):
    lane, run = command
    lane.send_raw([(b"c0", b"\x07poison")])
    lane.await_records(lane.topics.dead_letters, 1)
    (letter,) = [json.loads(line) for line in run("ls", "--json").output.splitlines()]
    assert "can't be decoded" in run("show", letter["position"]).output
    assert run("replay", letter["position"]).output == "Replayed 1\n"
    lane.await_records(lane.topics.dead_letters, 2)
    assert [item["payload"] for item in lane.dead_letters()] == [b"\x07poison"] * 2


def test_letter_of_a_part_is_replayed_from_where_the_record_lay(command, monkeypatch):
    lane, run = command
    large, odd = b"\x00" * 200_000, b"\xff\xfe not text"
    lane.send_raw([(b"k" * 50_000, large), (odd, b"\x07poison")])
    lane.await_records(lane.topics.dead_letters, 2)
    first = {item["reason"]: item for item in lane.dead_letters()}
    assert len(first["TOO_LARGE"]["payload"]) < len(large) == first["TOO_LARGE"]["payload_size"]
    assert len(first["TOO_LARGE"]["key"]) < first["TOO_LARGE"]["key_size"] == 50_000

    again = json.loads(run("replay", "--json").output)
    assert (again["sent"], again["too_large"], again["gone"]) == (1, 1, []), "what is too large would come back"
    monkeypatch.setenv("FRAUDSTREAM_JOB__MAX_RECORD_BYTES", "900000")
    assert json.loads(run("replay", "--json").output)["sent"] == 2
    lane.await_records(lane.topics.dead_letters, 5)
    messages = read_topic(lane.broker, lane.topics.transactions)
    sent = [(message.key(), message.value()) for message in messages]
    assert sent.count((b"k" * 50_000, large)) == 2
    assert sent.count((odd, b"\x07poison")) == 3
    lane.delete_records(lane.topics.transactions)
    done = run("replay", "--json")
    assert done.exit_code == 1
    assert len(json.loads(done.stdout.splitlines()[0])["gone"]) == 3


def test_replaying_what_stays_bad_never_sends_more(command):
    lane, run = command
    lane.send_raw([(b"c0", b"\x07poison"), (b"c1", b"\x07poison")])
    for turn in range(1, 4):
        lane.await_records(lane.topics.dead_letters, 2 * turn)
        assert json.loads(run("replay", "--json").output)["sent"] == 2
    lane.await_records(lane.topics.dead_letters, 8)


def test_place_without_a_letter_is_refused(command):
    _, run = command
    for arguments in (["show", "0:999"], ["replay", "0:999"]):
        done = run(*arguments)
        assert type(done.exception).__name__ == "UserError"
        assert "0:999" in str(done.exception)
