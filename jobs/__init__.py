"""The Flink job: entry file, graph, operators and what they are configured with."""
