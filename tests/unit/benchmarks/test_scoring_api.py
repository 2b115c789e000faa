"""Quantiles of the scoring API's benchmark."""

from benchmarks.suites.scoring_api import measured


def test_quantiles_are_those_of_all_requests():
    row = {
        "name": "/v1/score",
        "response_times": {"20": 50, "30": 45, "200": 5},
        "num_failures": 2,
        "start_time": 100.0,
        "last_request_timestamp": 110.0,
    }
    figures = measured([{"name": "other"}, row], rate=10)
    assert (figures["p50_ms"], figures["p95_ms"], figures["p99_ms"], figures["p100_ms"]) == (20, 30, 200, 200)
    assert (figures["requests"], figures["requests_per_second"], figures["without_decision"]) == (100, 10, 2)
