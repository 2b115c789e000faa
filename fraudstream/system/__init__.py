"""The machine under it: folders, processes, ports, Java, deadlines, and how failures are worded."""
