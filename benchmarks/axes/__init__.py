"""Measurements of throughput along one parameter each."""
