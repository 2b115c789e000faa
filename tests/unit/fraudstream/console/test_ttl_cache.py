"""Cache with a time to live."""

import threading

from fraudstream.console.ttl_cache import TtlCache


def test_concurrent_requests_share_one_read():
    reads = []
    together = threading.Barrier(5)

    def read() -> dict:
        reads.append(1)
        return {"number": len(reads)}

    answer = TtlCache(read, kept_s=1_000)
    found = []

    def request() -> None:
        together.wait()
        found.append(answer.get()["number"])

    threads = [threading.Thread(target=request) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [1] * 5


def test_zero_ttl_reads_each_time():
    numbers = iter((1, 2))
    answer = TtlCache(lambda: {"number": next(numbers)}, kept_s=0)
    assert [answer.get()["number"], answer.get()["number"]] == [1, 2]
