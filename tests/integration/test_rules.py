"""Rules reach the running job by the control topic, decide in addition to the model, and survive a restart."""

import json
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from typer.testing import CliRunner

from fraudstream.cli.main import app
from fraudstream.control.book_replacement import BookReplacedError
from fraudstream.control.control_topic import publish_rules, publish_snooze, read_rules, read_snoozes
from fraudstream.control.model_events import await_answers, await_one_answer, read_model_events
from fraudstream.rules.rule_file import RuleFile
from fraudstream.rules.rule_publisher import RulePublisher
from fraudstream.system.deadline import wait_until
from schemas.customer_snooze import CustomerSnooze
from schemas.rule_book import ListEntry, RuleError, RuleList, Snooze
from tests.integration.expected import Expected, card_world
from tests.patience import PATIENCE_S
from tests.unit.rules.books import book, rule
from tests.unit.training.histories import customer_folder

pytestmark = pytest.mark.integration

ROWS = 3_000
LARGE = 90
"""An amount that is rare enough, in major units."""


def follow(lane, rule_book):
    """Publish a rule book; returns what each shard made of it."""
    publish_rules(lane.broker, rule_book)
    shards = await_answers(lane.broker, rule_book.book_id)
    return {(shard.answer.kind, shard.answer.detail) if shard.answer else None for shard in shards}


def a_snooze(customer_id, until):
    return CustomerSnooze(
        snooze_id=str(uuid4()),
        customer_id=customer_id,
        until=until,
        reason="",
        changed_at=datetime.now(UTC),
        changed_by="tests",
    )


def snooze(lane, customer_id, until):
    """Publish a snooze; returns the answers to it."""
    order = a_snooze(customer_id, until)
    publish_snooze(lane.broker, order)
    shards = await_one_answer(lane.broker, order.snooze_id)
    return [shard.answer and (shard.answer.kind, shard.answer.detail) for shard in shards]


def by_rules(expected, frozen, snoozed):
    """Return each transaction's decision by the rules of the test, worked out one by one."""
    decisions = {}
    for name, row in expected.transactions.items():
        decision = expected.decisions[name]
        if decision == "APPROVE" and row["amount_minor"] > LARGE * 100:
            decision = "REVIEW"
        if decision == "REVIEW" and row["customer_id"] in snoozed:
            decision = "APPROVE"
        decisions[name] = "BLOCK" if row["merchant_id"] == frozen else decision
    return decisions


@pytest.mark.parametrize("mode", ["thread", pytest.param("process", marks=pytest.mark.long)])
def test_rules_and_snoozes_in_force_at_the_start_and_those_that_follow_decide_with_the_model_and_survive_a_restart(
    open_lane, artifact, mode
):
    table, part = card_world(ROWS), ROWS // 3
    expected = Expected.of(table, artifact)
    large = [row for row in expected.transactions.values() if row["amount_minor"] > LARGE * 100]
    customers = list(dict.fromkeys(row["customer_id"] for row in large))
    by_book, by_record, ended = customers[:3]
    frozen, until = large[-1]["merchant_id"], table["event_time"][-1].as_py() + timedelta(days=1)
    former = book(rule("large_amount", "amount > 1", "BLOCK"), book_id=str(uuid4()))
    first = book(rule("large_amount", f"amount > {LARGE}", "REVIEW"), book_id=str(uuid4()))
    second = book(
        *first.rules,
        rule("frozen_merchant", "merchant_id in @frozen", "BLOCK"),
        lists=(RuleList(name="frozen", entries=(ListEntry(value=frozen),)),),
        snoozes=(Snooze(customer_id=by_book, until=until),),
        book_id=str(uuid4()),
    )
    lane = open_lane(mode=mode)
    for rule_book in (former, first):
        publish_rules(lane.broker, rule_book)
    for name, end in ((by_record, until), (ended, until), (ended, None)):
        publish_snooze(lane.broker, a_snooze(name, end))
    lane.send(table.slice(0, part))
    lane.submit()
    lane.await_scores(part)
    assert {item["rule_book_id"] for item in lane.scores()} == {first.book_id}
    events = read_model_events(lane.broker)
    assert {event.deployment_id for event in events if event.kind == "RULES"} == {first.book_id}, "nothing older"

    assert follow(lane, second) == {("RULES", "")}
    assert snooze(lane, ended, until) == snooze(lane, ended, None) == [("RULES", "")]
    lane.send(table.slice(part, part))
    lane.await_scores(2 * part)
    lane.submit(savepoint=lane.stop_with_savepoint())
    ((kind, detail),) = follow(lane, book(rule("typing_error", "amuont > 3"), book_id=str(uuid4())))
    assert kind == "RULES_REFUSED"
    assert detail == (
        "rule typing_error: expected a feature, `score` or a column of the transaction, got amuont: "
        "did you mean amount?"
    )
    lane.send(table.slice(2 * part))
    lane.await_scores(ROWS)
    lane.stop_with_savepoint()

    before = {*table["transaction_id"].to_pylist()[:part]}
    decisions = by_rules(expected, frozen, {by_book, by_record})
    decisions |= {name: made for name, made in by_rules(expected, None, {by_record}).items() if name in before}
    assert {item["transaction_id"]: item["decision"] for item in lane.scores()} == decisions
    assert {item["transaction_id"]: item["score"] for item in lane.scores()} == expected.scores
    alerts = {item["transaction_id"]: item for item in lane.alerts()}
    assert set(alerts) == {name for name, decision in decisions.items() if decision != "APPROVE"}
    for name, alert in alerts.items():
        row = expected.transactions[name]
        codes = [reason["code"] for reason in alert["reasons"] if reason["code"].startswith("rule:")]
        wanted = ["rule:large_amount"] * (row["amount_minor"] > LARGE * 100)
        assert codes == wanted + ["rule:frozen_merchant"] * (name not in before and row["merchant_id"] == frozen)
    by_rule_alone = [name for name in alerts if expected.decisions[name] == "APPROVE"]
    assert {alerts[name]["reasons"][0]["text"] for name in by_rule_alone} <= {"large amount", "frozen merchant"}
    assert any(alerts[name]["decision"] == "REVIEW" for name in by_rule_alone)
    assert all(alert["customer_id"] != by_record for alert in alerts.values() if alert["decision"] == "REVIEW")


def fraudstream(*arguments):
    """Run a command; returns its exit code and the JSON that it wrote."""
    done = CliRunner().invoke(app, [*arguments, "--json"])
    assert done.output, done.exception
    return done.exit_code, json.loads(done.output)


@pytest.fixture(scope="module")
def lane(running):
    """Run one job for the tests of the command line."""
    lane = running.lane(feature_log_share=1)
    lane.submit()
    yield lane
    lane.cancel()


def test_rules_are_applied_shown_explained_and_snoozed_from_the_command_line(lane, point_at, tmp_path):
    table = card_world(ROWS)
    file = tmp_path / "rules.toml"
    file.write_text(f"""
        [rules.large_amount]
        when = "amount > {LARGE} and score < 2"
        action = "review"
        text = "An amount that is rare"
    """)
    point_at(lane)
    code, applied = fraudstream("rules", "apply", str(file), "--reason", "ticket 1")
    assert code == 0
    assert applied["changes"] == [f"+ rule large_amount: REVIEW when amount > {LARGE} and score < 2"]
    assert {shard["answer"]["kind"] for shard in applied["shards"]} == {"RULES"}
    assert fraudstream("rules", "apply", str(file)) == (0, {"book_id": None, "changes": [], "shards": []})
    lane.send(table)
    lane.await_scores(ROWS)
    alerts = [item for item in lane.alerts() if item["score"] < item["review_threshold"]]
    assert {item["reasons"][0]["text"] for item in alerts} == {"An amount that is rare"}

    code, explained = fraudstream("explain", alerts[0]["alert_id"], "--model", str(customer_folder()))
    assert (code, explained["same"], explained["rules"][0]["code"]) == (0, True, "rule:large_amount")
    hits = "rule.large_amount.hits"
    large = sum(amount > LARGE * 100 for amount in table["amount_minor"].to_pylist())
    assert wait_until(
        lambda: lane.rest.counters(lane.job_ids[-1], "fraudstream").get(hits) == large, seconds=PATIENCE_S
    )

    code, snoozed = fraudstream("rules", "snooze", alerts[0]["customer_id"], "--days", "36500")
    assert (code, len(snoozed["changes"])) == (0, 1)
    code, book = fraudstream("rules", "ls")
    assert [rule["name"] for rule in book["rules"]] == ["large_amount"]
    assert [snooze["customer_id"] for snooze in book["snoozes"]] == [alerts[0]["customer_id"]]
    assert [shard["answer"]["kind"] for shard in snoozed["shards"]] == ["RULES"]
    assert fraudstream("rules", "unsnooze", alerts[0]["customer_id"])[0] == 0
    assert fraudstream("rules", "ls")[1]["snoozes"] == []
    code, entries = fraudstream("rules", "log")
    own = [(entry["reason"], entry["changes"][0][0]) for entry in entries[-3:]]  # other tests share the folder
    assert own == [("ticket 1", "+"), ("", "+"), ("", "-")]


def test_list_entries_are_imported_and_removed_and_outlast_a_restart_and_a_fresh_job(lane, point_at, tmp_path):
    table = card_world(2 * ROWS).slice(ROWS)
    by_file, by_hand, removed, ended = (name for name, _ in Counter(table["merchant_id"].to_pylist()).most_common(4))
    rules = tmp_path / "rules.toml"
    rules.write_text("""
        [rules.frozen_merchant]
        when = "merchant_id in @frozen"
        action = "block"
        [lists]
        frozen = []
    """)
    file = tmp_path / "frozen.csv"
    others = "".join(f"other-{number},\n" for number in range(5_000))
    file.write_text(f"value,until\n{by_file},\n{removed},2100-01-01\n{others}{ended},2000-01-01\n")
    point_at(lane)
    known = len({item["transaction_id"] for item in lane.scores()})
    assert fraudstream("rules", "apply", str(rules))[0] == 0
    code, imported = fraudstream("rules", "lists", "import", "frozen", str(file), "--reason", "weekly")
    assert (code, imported["added"], imported["unchanged"]) == (0, 5_003, 0)
    assert {shard["answer"]["kind"] for shard in imported["shards"]} == {"RULES"}
    assert fraudstream("rules", "lists", "import", "frozen", str(file))[1]["unchanged"] == 5_003
    assert fraudstream("rules", "lists", "add", "frozen", by_hand)[0] == 0
    assert fraudstream("rules", "lists", "remove", "frozen", removed)[0] == 0
    assert fraudstream("rules", "lists", "ls") == (0, [{"list": "frozen", "in_file": 0, "added": 5_003}])

    def decisions(rows):
        return {
            item["transaction_id"]: item["decision"] == "BLOCK"
            for item in lane.scores()
            if item["transaction_id"] in rows
        }

    part, frozen = ROWS // 3, {by_file, by_hand}
    for turn in range(3):
        some = table.slice(turn * part, part)
        lane.send(some)
        lane.await_scores(known + (turn + 1) * part)
        decided = decisions({*some["transaction_id"].to_pylist()})
        for name, merchant in zip(some["transaction_id"].to_pylist(), some["merchant_id"].to_pylist(), strict=True):
            assert decided[name] or merchant not in frozen, (turn, name)
        alerts = [alert for alert in lane.alerts() if alert["reasons"][0]["code"] == "rule:frozen_merchant"]
        assert {alert["merchant_id"] for alert in alerts} == frozen
        savepoint = lane.stop_with_savepoint()
        if turn == 0:
            lane.submit(savepoint=savepoint)
        elif turn == 1:
            lane.submit()


def test_snoozes_that_several_processes_make_at_once_are_all_in_force(open_lane):
    lane = open_lane()
    customers = [f"c-{number}" for number in range(12)]
    until = datetime.now(UTC) + timedelta(days=1)
    publishers = [RulePublisher(lane.broker) for _ in range(4)]  # each as another process: with its own lock
    with ThreadPoolExecutor(len(publishers)) as pool:
        list(pool.map(lambda item: publishers[item[0] % 4].snooze(item[1], until, ""), enumerate(customers)))
    assert read_snoozes(lane.broker).keys() == {*customers}
    assert {item.customer_id for item in publishers[0].in_force().snoozes} == {*customers}
    with pytest.raises(RuleError, match="expected a customer that is snoozed, got c-99"):
        publishers[0].unsnooze("c-99", "")


def test_snooze_of_a_book_of_an_earlier_version_is_shown_replaced_and_ended(open_lane):
    lane = open_lane()
    until = datetime.now(UTC) + timedelta(days=9)
    inline = tuple(Snooze(customer_id=name, until=until) for name in ("c-1", "c-2"))
    publish_rules(lane.broker, book(snoozes=inline))
    publisher = RulePublisher(lane.broker)
    shorter = until - timedelta(days=8)
    publisher.snooze("c-1", shorter, "")
    ends = {item.customer_id: abs(item.until - shorter) < timedelta(seconds=1) for item in publisher.in_force().snoozes}
    assert ends == {"c-1": True, "c-2": False}
    publisher.unsnooze("c-1", "")
    publisher.unsnooze("c-2", "")
    assert publisher.in_force().snoozes == ()


def rule_file(limit):
    return RuleFile(rules=(rule("large_amount", f"amount > {limit}"),), lists=())


def test_of_two_who_apply_rules_at_once_one_is_refused(open_lane):
    lane = open_lane()
    publishers = [RulePublisher(lane.broker) for _ in range(4)]  # each as another process: with its own lock
    first = publishers[0].apply(rule_file(1), "")
    base, before = first.change_id, threading.Barrier(4)

    def apply(number):
        before.wait()
        try:
            return publishers[number].apply(rule_file(2 + number), "", replaces=base).change_id
        except BookReplacedError as error:
            return error

    with ThreadPoolExecutor(4) as pool:
        outcomes = list(pool.map(apply, range(4)))
    (won,) = [outcome for outcome in outcomes if isinstance(outcome, str)]
    in_force = read_rules(lane.broker)
    assert (in_force.book_id, in_force.replaces) == (won, base)
    assert all("expected" in str(outcome) for outcome in outcomes if outcome is not won)


def test_rules_of_somebody_else_are_replaced_once_they_were_seen_or_by_force(open_lane):
    lane = open_lane()
    theirs = book(book_id=str(uuid4()), changed_by="jane@elsewhere", reason="ticket 7")
    publish_rules(lane.broker, theirs)
    publishers = RulePublisher(lane.broker)
    with pytest.raises(BookReplacedError, match=f"got {theirs.book_id}, applied .* by jane@elsewhere: ticket 7"):
        publishers.apply(rule_file(1), "")
    publishers.note_seen(theirs.book_id)
    assert publishers.apply(rule_file(1), "").replaced == theirs
    with pytest.raises(BookReplacedError, match=f"expected the rule book in force to be {theirs.book_id}"):
        publishers.apply(rule_file(2), "", replaces=theirs.book_id)
    assert publishers.apply(rule_file(2), "", replaces=theirs.book_id, force=True).changes
    assert publishers.apply(rule_file(3), "").changes, "it is their own"
