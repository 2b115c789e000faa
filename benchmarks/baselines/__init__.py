"""Other ways to do the same scoring, measured on the same transactions."""
