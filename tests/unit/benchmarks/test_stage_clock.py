"""Clock of the operator's stages."""

from benchmarks.stage_clock import StageClock


class Ticking:
    """A clock that the test advances."""

    def __init__(self):
        self.now_ns = 0

    def __call__(self):
        return self.now_ns


def test_time_counts_for_the_innermost_stage():
    ticking = Ticking()
    clock = StageClock(ticking)
    with clock.stage("outer"):
        ticking.now_ns += 5
        with clock.stage("inner"):
            ticking.now_ns += 7
        ticking.now_ns += 11
    assert clock.collect() == {"outer": 16, "inner": 7}


def test_time_between_stages_counts_for_none():
    ticking = Ticking()
    clock = StageClock(ticking)
    for _ in range(2):
        with clock.stage("a"):
            ticking.now_ns += 1
        ticking.now_ns += 100
    assert clock.collect() == {"a": 2}
    assert clock.collect() == {}


def test_wrapped_method_returns_the_same_and_is_timed_when_it_fails():
    ticking = Ticking()

    class Scorer:
        def score(self, x, *, scale):
            ticking.now_ns += 3
            return x / scale

    scorer, clock = Scorer(), StageClock(ticking)
    clock.wrap(scorer, "score", "score")
    assert scorer.score(6, scale=2) == 3
    try:
        scorer.score(6, scale=0)
    except ZeroDivisionError:
        ticking.now_ns += 50  # no stage is open any more
    with clock.stage("next"):
        ticking.now_ns += 1
    assert clock.collect() == {"score": 6, "next": 1}


def test_wrapped_iterator_is_timed_without_its_consumer():
    ticking = Ticking()

    class Log:
        def sample(self, count):
            for number in range(count):
                ticking.now_ns += 3
                yield number

    log, clock = Log(), StageClock(ticking)
    clock.wrap_iterator(log, "sample", "log")
    for _ in log.sample(2):
        ticking.now_ns += 50
    assert clock.collect() == {"log": 6}
