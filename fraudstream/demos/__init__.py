"""What `fraudstream demo` and `make console` show."""
