"""Rule language, compilation and evaluation."""
