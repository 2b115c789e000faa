"""Services that `fraudstream up` runs: broker, ZooKeeper, Flink, schema registry, and their jars."""
