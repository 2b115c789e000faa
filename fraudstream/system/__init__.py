"""The machine: folders, processes, ports, Java, deadlines, and error messages."""
