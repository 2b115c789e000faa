"""What is read from the topics: alerts, dead letters, labels, latency, two jobs' scores beside each other."""
