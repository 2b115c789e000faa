"""What is told to people: by webhook and log."""
