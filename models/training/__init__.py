"""Training, evaluation and export of models."""
