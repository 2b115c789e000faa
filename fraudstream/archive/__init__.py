"""The offline store: what the job logged, as Parquet."""
