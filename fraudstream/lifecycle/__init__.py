"""Models over time: registry, gates, promotion, retraining."""
