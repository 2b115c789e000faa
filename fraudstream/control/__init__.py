"""The job on a cluster: submit, savepoints, blue-green, status, control records and their answers."""
