"""`python -m patchtide` is `patchtide`."""

import sys

from patchtide.cli import main

if __name__ == "__main__":
    sys.exit(main())
