"""The settings: what there is, what it may be, where it is read from."""
