"""What `fraudstream up` runs here: broker, ZooKeeper, Flink, schema registry, and their jars."""
