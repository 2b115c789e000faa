"""Local stack of `fraudstream up`: broker, ZooKeeper, Flink, schema registry, and their jars."""
