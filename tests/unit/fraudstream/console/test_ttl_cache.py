import threading

from fraudstream.console.ttl_cache import TtlCache


def test_who_asks_together_gets_one_look():
    looks = []
    asked = threading.Barrier(5)

    def look() -> dict:
        looks.append(1)
        return {"number": len(looks)}

    answer = TtlCache(look, kept_s=1_000)
    found = []

    def ask() -> None:
        asked.wait()
        found.append(answer.get()["number"])

    threads = [threading.Thread(target=ask) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [1] * 5


def test_what_is_kept_for_no_time_is_looked_for_each_time():
    numbers = iter((1, 2))
    answer = TtlCache(lambda: {"number": next(numbers)}, kept_s=0)
    assert [answer.get()["number"], answer.get()["number"]] == [1, 2]
