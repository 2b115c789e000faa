from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from models.features.table import FEATURE_NAMES
from models.scoring.consistency import compare
from models.scoring.recompute import recompute
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


def again(job, sample):
    return compare(sample, recompute(sample, job.transactions, job.labels, job.artifact))


def test_label_features_are_covered():
    _, sample = run(0.3)
    x = sample.x[:, FEATURE_NAMES.index("merchant_known_30d")]
    assert len(np.unique(sample.label_offsets, axis=0)) > 50
    assert (x > 0).mean() > 0.2


@pytest.mark.parametrize("share", [1, 0.3, 0.02])
def test_recomputation_equals_features_and_scores_of_the_job_bit_for_bit(share):
    job, sample = run(share)
    found = again(job, sample)
    assert (found.compared, found.missing, found.mismatching) == (len(sample), 0, 0)
    assert found.consistent
    assert found.compared > share * ROWS / 2


@pytest.mark.parametrize("column", [0, FEATURE_NAMES.index("merchant_mean_28d")])
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


def test_sequence_of_the_inputs_does_not_matter():
    job, sample = run(0.3)
    random = np.random.default_rng(9)

    def shuffled(inputs):
        sequence = random.permutation(len(inputs.offsets))
        return inputs._replace(
            records=inputs.records.take(pa.array(sequence)),
            partitions=inputs.partitions[sequence],
            offsets=inputs.offsets[sequence],
        )

    turned = recompute(sample, shuffled(job.transactions), shuffled(job.labels), job.artifact)
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


def test_last_row_of_a_position_counts():
    job, sample = run(0.1)
    stale = sample.take(np.arange(50))
    stale = replace(stale, x=stale.x + 1, label_offsets=np.zeros_like(stale.label_offsets))
    both = SimulatedJob.joined(stale, sample)
    assert len(both) == len(sample) + 50
    assert again(job, both.last()).consistent
    assert len(both.last()) == len(sample)


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
    recompute(sample, job.transactions, job.labels, job.artifact, progress=lambda *state: states.append(state))
    assert states[-1][0] == states[-1][1] > 0


def test_empty_log_has_no_differences():
    job, sample = run(0.02)
    found = again(job, sample.take(np.arange(0)))
    assert (found.compared, found.missing) == (0, 0)
