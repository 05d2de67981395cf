"""The command line: parse, call one engine function, print one view, exit."""

from patchtide.cli.entry import main, program

__all__ = ["main", "program"]
