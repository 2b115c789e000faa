"""Maps from a team's own columns to the transaction's fields."""
