"""Gates of a promotion."""

from dataclasses import dataclass

from models.promotion.comparison import Comparison
from models.promotion.gate_limits import GateLimits
from models.promotion.resampled import AVERAGE_PRECISION, Resampled
from models.scoring.artifact import Manifest


@dataclass(frozen=True, kw_only=True)
class Gate:
    """Condition of a promotion and its outcome.

    Parameters
    ----------
    expected, was : str
        Condition and finding, as text.
    """

    name: str
    passed: bool
    expected: str
    was: str


def parity_gate(manifest: Manifest, limits: GateLimits) -> Gate:
    """Check that the ONNX model scores as the trained one."""
    parity = manifest.parity
    holds = parity.max_difference <= parity.bound and parity.decision_flips == 0
    return Gate(
        name="parity",
        passed=holds and parity.rows >= limits.min_parity_rows,
        expected=f"at most {parity.bound:.1e} from the library, no flip, {limits.min_parity_rows:,} rows or more",
        was=f"{parity.max_difference:.1e} apart, {parity.decision_flips} flips, {parity.rows:,} rows",
    )


def latency_gate(us: float, limits: GateLimits) -> Gate:
    """Check the scoring time, microseconds per transaction."""
    return Gate(
        name="latency",
        passed=us <= limits.max_latency_us,
        expected=f"at most {limits.max_latency_us:g} us per transaction",
        was=f"{us:.2f} us",
    )


def metrics_gate(comparison: Comparison, resampled: Resampled | None, limits: GateLimits) -> Gate:
    """Check that the challenger finds frauds no worse than the champion.

    Average precision needs no threshold and depends mostly on the highest scores, which become alerts. The lower
    bound of the difference at the given confidence counts, not its estimate: with too few frauds the gate fails.

    Parameters
    ----------
    resampled : Resampled or None
        Resampled metrics; None without a labelled row.
    """
    expected = (
        f"average precision at most {limits.max_ap_drop:g} under the champion's, at {limits.confidence:.0%} "
        f"confidence, with {limits.min_frauds} known frauds or more"
    )
    if resampled is None or comparison.frauds < limits.min_frauds:
        was = f"{comparison.frauds} frauds among {int(comparison.labelled.sum()):,} labelled transactions"
        return Gate(name="metrics", passed=False, expected=expected, was=was)
    lower = resampled.lower_bound(AVERAGE_PRECISION, limits.confidence)
    return Gate(
        name="metrics",
        passed=lower >= -limits.max_ap_drop,
        expected=expected,
        was=(
            f"{resampled.challenger[AVERAGE_PRECISION]:.3f} against {resampled.champion[AVERAGE_PRECISION]:.3f}, a "
            f"difference of {lower:+.3f} or more, {comparison.frauds} frauds"
        ),
    )


def flips_gate(comparison: Comparison, limits: GateLimits) -> Gate:
    """Check the share of the decisions that change."""
    return Gate(
        name="flips",
        passed=bool(len(comparison)) and comparison.flips <= limits.max_decision_changes,
        expected=f"at most {limits.max_decision_changes:.2%} of the transactions decided otherwise",
        was=f"{comparison.flips:.2%} of {len(comparison):,}" if len(comparison) else "no transactions to compare on",
    )
