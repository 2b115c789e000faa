"""Real-time card fraud scoring: command line, job control, services and tools around the Flink job."""
