"""Rights that the job needs on its topics."""

from confluent_kafka.admin import AclOperation

from fraudstream.kafka.topic_rights import JobNeeds, _lacks, advice
from fraudstream.settings.settings import load_settings
from schemas.topics import Topics
from tests.unit.jobs.job_configs import job_config


def test_job_needs_every_topic_that_it_reads_or_writes():
    needs = JobNeeds.of(job_config())
    topics = Topics()
    assert set(needs.reads) == {topics.transactions, topics.control, topics.queries, topics.labels}
    assert topics.dead_letters in needs.writes
    assert set(needs.reads) | set(needs.writes) <= set(load_settings().topics.names())
    assert topics.labels not in JobNeeds.of(job_config(labels=False)).reads


def test_standby_writes_only_its_scores():
    assert JobNeeds.of(job_config(standby=True)).writes == (Topics().scores,)


def test_exactly_once_needs_transactions_of_its_prefix():
    assert JobNeeds.of(job_config()).transactional_id is None
    needs = JobNeeds.of(job_config(guarantee="exactly-once", transaction_prefix="mine", checkpoint_timeout_ms=9_000))
    assert needs.transactional_id == "mine-submit-check"


def test_broker_that_reports_no_rights_counts_as_one_without_authorisation():
    assert not _lacks(None, AclOperation.READ)
    assert not _lacks(set(), AclOperation.READ)
    assert _lacks({AclOperation.DESCRIBE}, AclOperation.READ)
    assert not _lacks({AclOperation.ALL}, AclOperation.READ)


def test_advice_names_only_what_is_to_be_done():
    settings = load_settings()
    assert "topics create" in advice(settings, ["missing a"])
    assert "rant the rights" not in advice(settings, ["missing a"])
    assert "Grant" in advice(settings, ["no right to read a"])
