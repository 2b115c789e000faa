"""Live features of merchants, devices and other entities."""
