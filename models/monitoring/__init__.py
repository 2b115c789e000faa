"""Model quality on mature labels."""
