"""Processor times by thread."""

import os
import threading
import time

from benchmarks.thread_times import ThreadTimes
from fraudstream.system.deadline import wait_until


def test_busy_thread_is_listed():
    pid = os.getpid()
    earlier, stop = ThreadTimes.now(pid), threading.Event()
    begun = time.process_time()

    def work():
        while not stop.is_set():
            sum(range(1_000))

    worker = threading.Thread(target=work)
    worker.start()
    try:
        assert wait_until(lambda: time.process_time() - begun > 0.3, seconds=60)
        spent = ThreadTimes.now(pid).since(earlier)
    finally:
        stop.set()
        worker.join()
    assert sum(spent.values()) > 0.1


def test_threads_of_one_kind_have_one_name():
    seconds = {(1, "Source"): 1.0, (2, "Source"): 2.0, (3, "GC"): 4.0}
    assert ThreadTimes(seconds).since(ThreadTimes({(1, "Source"): 0.5})) == {"Source": 2.5, "GC": 4.0}
