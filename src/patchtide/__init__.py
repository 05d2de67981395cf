"""Patchtide: patches go out with the tide, and come back in when the water looks wrong."""

__version__ = "0.1.0"
