"""The host program: standard library only, Python 3.8 and newer, run by the modules and by its own unit."""
