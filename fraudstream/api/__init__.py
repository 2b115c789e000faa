"""Scoring over HTTP: requests go to the job by its topics."""
