"""Rate limits of API clients."""

from limits import parse

from fraudstream.api.rate_limit import RateLimiter


def test_client_is_refused_beyond_its_own_limit():
    limiter = RateLimiter(parse("2/minute"), clock=lambda: 1_000.0)
    assert [limiter.hit("a") for _ in range(4)] == [True, True, False, False]
    assert limiter.hit("b")


def test_count_starts_over_in_a_new_window():
    now = [0.0]
    limiter = RateLimiter(parse("1/second"), clock=lambda: now[0])
    assert [limiter.hit("a"), limiter.hit("a")] == [True, False]
    now[0] = 1.0
    assert limiter.hit("a")


def test_default_clock_is_monotonic(monkeypatch):
    monkeypatch.setattr("time.time", lambda: 0.0)
    limiter = RateLimiter(parse("1/hour"))
    assert [limiter.hit("a"), limiter.hit("a")] == [True, False]
    monkeypatch.setattr("time.time", lambda: -3_600.0)
    assert not limiter.hit("a")
