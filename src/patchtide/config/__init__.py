"""The file that users write: read with the line of every value, checked, and turned into the core's settings."""
