from typing import get_args

from benchmarks.__main__ import SUITES
from fraudstream.cli.bench import Suite


def test_command_offers_every_suite():
    assert get_args(Suite) == tuple(SUITES)
