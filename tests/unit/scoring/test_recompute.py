"""Recomputation of logged features and scores."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from benchmarks.baselines.naive_labels import is_of_labels
from models.features.entity import ENTITIES
from models.features.table import FEATURE_NAMES, FEATURES, FORMER_FEATURES, LIVE_FEATURES
from models.scoring.consistency import compare
from models.scoring.recompute import recompute
from models.scoring.recorded_sequences import RecordedSequences
from tests.unit.scoring.simulated_job import SimulatedJob
from tests.unit.training.histories import artifact, history

ROWS = 6_000


def arrivals(random) -> pa.Table:
    """Return transactions with late arrivals, up to hundreds of rows, and repeats."""
    sequence = np.arange(ROWS)
    late = random.random(ROWS) < 0.1
    sequence = sequence[np.argsort(sequence + late * random.integers(0, 800, ROWS), kind="stable")]
    twice = np.flatnonzero(random.random(ROWS) < 0.05)
    again = np.minimum(twice + random.integers(1, 500, len(twice)), ROWS)
    return history().slice(0, ROWS).take(pa.array(np.insert(sequence, again, sequence[twice])))


def run(share):
    job = SimulatedJob(arrivals(np.random.default_rng(3)), artifact(), share=share)
    return job, job.run()


def again(job, sample, recorded=None):
    recorded = job.recorded() if recorded is None else recorded
    return compare(sample, recompute(sample, job.transactions, job.labels, job.artifact, recorded))


def test_label_features_are_covered():
    _, sample = run(0.3)
    x = sample.x[:, FEATURE_NAMES.index("merchant_labels_30d")]
    assert len(np.unique(sample.label_offsets, axis=0)) > 50
    assert (x > 0).mean() > 0.2


def test_entity_features_take_part():
    job, sample = run(0.3)
    columns = [FEATURE_NAMES.index(f"{entity.name}_customers_7d") for entity in ENTITIES]
    assert (sample.x[:, columns] > 1).mean(axis=0).min() > 0.01
    inversions = [(np.diff(job.numbers[:, index]) < 0).mean() for index in range(len(ENTITIES))]
    assert min(inversions) > 0.01, "entities see transactions in the order of the table"


@pytest.mark.parametrize("share", [1, 0.3, 0.02])
def test_recomputation_equals_features_and_scores_of_the_job_bit_for_bit(share):
    job, sample = run(share)
    found = again(job, sample)
    assert (found.compared, found.missing, found.mismatching) == (len(sample), 0, 0)
    assert found.consistent
    assert found.compared > share * ROWS / 2


@pytest.mark.parametrize("column", [0, FEATURE_NAMES.index("merchant_labelled_amount_mean_28d")])
def test_one_changed_bit_of_a_feature_is_found(column):
    job, sample = run(0.1)
    sample.x.view(np.uint32)[17, column] ^= 1
    found = again(job, sample)
    assert found.mismatching == 1
    assert list(found.differences) == [FEATURE_NAMES[column]]
    assert found.differences[FEATURE_NAMES[column]].largest > 0
    assert not found.consistent


def test_one_changed_bit_of_a_score_is_found():
    job, sample = run(0.1)
    sample.scores.view(np.uint32)[5] ^= 1
    found = again(job, sample)
    assert (found.mismatching, list(found.differences)) == (1, ["score"])


def test_labels_at_other_offsets_than_logged_are_found():
    job, sample = run(0.3)
    fewer = replace(sample, label_offsets=np.maximum(sample.label_offsets - 200, 0))
    assert again(job, fewer).mismatching > 10


def test_labels_of_entities_at_other_offsets_than_recorded_are_found():
    job, sample = run(0.3)
    fewer = np.maximum(job.label_offsets - 2_000, 0)
    found = again(job, sample, job.recorded()._replace(label_offsets=fewer))
    assert found.mismatching > 10
    assert all(is_of_labels(feature) for feature in FEATURES if feature.name in found.differences)
    assert not {name for name in found.differences if name.startswith(("known_", "genuine_"))}


def test_labels_that_an_entity_forgot_are_reported():
    job, sample = run(1)
    fallen = job.label_offsets.copy()
    row = int(np.argmax(fallen[:, 0].sum(axis=1)))
    fallen[row, 0] = [0, fallen[row, 0].sum()]
    found = again(job, sample, job.recorded()._replace(label_offsets=fallen))
    assert found.disordered > 0


def test_entity_events_in_another_sequence_than_was_recorded_are_found():
    job, sample = run(0.3)
    numbers = job.numbers.copy()
    numbers[:, 0] = np.where(numbers[:, 0] < 0, -1, numbers[:, 0] ^ 1)
    found = again(job, sample, job.recorded()._replace(numbers=numbers))
    assert found.mismatching > 10
    of_both = {"amount_to_joint_mean_30d", "score"}
    assert {name.split("_")[0] for name in found.differences if name not in of_both} <= {"merchant"}


def test_transactions_without_a_record_make_later_entity_features_uncertain_and_not_different():
    job, sample = run(0.3)
    known = np.ones(len(job.numbers), np.bool_)
    known[np.flatnonzero(~job.logged)[len(known) // 2]] = False
    numbers = np.where(known[:, None], job.numbers, -1)
    recorded = job.recorded()._replace(numbers=numbers, known=known)
    found = again(job, sample, recorded)
    assert (found.consistent, found.compared) == (True, len(sample))
    assert 0 < found.entities_uncertain["merchant"] < len(sample) / 2
    sample.scores.view(np.uint32)[:] ^= 1
    assert again(job, sample, recorded).mismatching == len(sample), "scores are compared"


def test_two_events_of_an_entity_with_one_number_are_found():
    job, sample = run(0.3)
    numbers = job.numbers.copy()
    merchants = job.transactions.records.column("merchant_id").to_pylist()
    numbers[merchants.index(merchants[-1]), 0] = numbers[-1, 0]
    found = again(job, sample, job.recorded()._replace(numbers=numbers))
    assert (found.shared_numbers, found.consistent) == (1, False)


@pytest.mark.parametrize("table", [FORMER_FEATURES, LIVE_FEATURES])
def test_features_that_an_earlier_version_did_not_log_are_not_compared(table):
    job, sample = run(0.1)
    former = slice(0, len(sample) // 2)
    sample.x[former, len(table) :] = np.nan
    found = again(job, sample)
    assert (found.mismatching, found.compared) == (0, len(sample))
    sample.x[former, 0] += 1
    (difference,) = again(job, sample).differences.values()
    assert difference.rows == former.stop
    assert difference.largest > 0


def test_sequence_of_the_inputs_does_not_matter():
    job, sample = run(0.3)
    random = np.random.default_rng(9)

    def shuffled(records, sequence):
        return records._replace(
            records=records.records.take(pa.array(sequence)),
            partitions=records.partitions[sequence],
            offsets=records.offsets[sequence],
        )

    sequence, label_order = (random.permutation(len(records.offsets)) for records in (job.transactions, job.labels))
    turned = recompute(
        sample,
        shuffled(job.transactions, sequence),
        shuffled(job.labels, label_order),
        job.artifact,
        RecordedSequences(*(part[sequence] for part in job.recorded())),
    )
    assert compare(sample, turned).consistent


def test_absent_transaction_is_missing():
    job, sample = run(0.1)
    nowhere = replace(sample, offsets=np.where(np.arange(len(sample)) < 4, sample.offsets + 1, sample.offsets))
    assert again(job, nowhere).missing == 4
    other = replace(sample, transactions=["another", *sample.transactions[1:]])
    assert again(job, other).missing == 1
    # Another customer of the sample, who has a transaction of the same id at that position.
    turned = replace(
        sample, customers=[next(c for c in sample.customers if c != sample.customers[0]), *sample.customers[1:]]
    )
    assert again(job, turned).missing == 1


def test_labels_that_a_shard_forgot_are_reported():
    job, sample = run(0.3)
    row = int(np.argmax(sample.label_offsets.sum(axis=1)))
    fallen = sample.label_offsets.copy()
    fallen[row] = [0, fallen[row].sum()]
    found = again(job, replace(sample, label_offsets=fallen))
    assert found.disordered > 0
    assert not found.consistent


def test_recomputation_reports_progress():
    job, sample = run(0.3)
    states = []
    recompute(
        sample, job.transactions, job.labels, job.artifact, job.recorded(), progress=lambda *state: states.append(state)
    )
    assert states[-1][0] == states[-1][1] > 0


def test_empty_log_has_no_differences():
    job, sample = run(0.02)
    found = again(job, sample.take(np.arange(0)))
    assert (found.compared, found.missing) == (0, 0)
