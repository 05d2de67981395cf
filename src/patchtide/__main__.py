"""`python -m patchtide` is `patchtide`."""

import sys

from patchtide.cli import program

if __name__ == "__main__":
    sys.exit(program())
