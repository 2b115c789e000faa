"""Features, scoring, rules, drift detection and training; independent of Flink."""
