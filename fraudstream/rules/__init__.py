"""Rules: files, publishing, dry runs."""
