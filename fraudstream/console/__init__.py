"""Reviewers' console."""
