"""Records on the topics: Avro schemas, codecs, registries and limits."""
