"""Flink settings of the clusters that only tests use."""

from fraudstream.devstack.flink_home import GARBAGE_COLLECTOR, QUICK_COMPILER

QUICK_CLUSTER = {"env.java.opts.taskmanager": f"{GARBAGE_COLLECTOR} {QUICK_COMPILER}"}
"""A test job ends before the optimising compiler pays off."""
