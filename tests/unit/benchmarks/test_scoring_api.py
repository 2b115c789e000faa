from benchmarks.scoring_api import report


def test_quantiles_are_those_of_all_requests():
    row = {
        "name": "/v1/score",
        "response_times": {"20": 50, "30": 45, "200": 5},
        "num_failures": 2,
        "start_time": 100.0,
        "last_request_timestamp": 110.0,
    }
    told = report([{"name": "other"}, row], rate=10)
    assert (told["p50_ms"], told["p95_ms"], told["p99_ms"], told["p100_ms"]) == (20, 30, 200, 200)
    assert (told["requests"], told["requests_per_second"], told["without_decision"]) == (100, 10, 2)
