"""Reviewers' page: live alerts, stream, job and models."""
