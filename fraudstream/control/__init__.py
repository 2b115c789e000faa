"""The job on a cluster: submit, savepoints, blue-green, status, orders and its answers."""
