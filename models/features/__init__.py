"""Feature engineering: table, kernels, histories and labels."""
