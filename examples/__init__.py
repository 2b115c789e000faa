"""Four kinds of business: synthetic events of each, and the declaration of its columns and features."""
