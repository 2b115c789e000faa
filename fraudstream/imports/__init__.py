"""Import of a team's own files of transactions."""
